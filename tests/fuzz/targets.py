"""What is thrown at the library, and what must hold whatever it is: each target is a function of bytes.

`tests/fuzz/run.py` finds new bytes for them, `tests/fuzz/test_seeds.py` tries those that were kept.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from claimclf import ClaimClassifier, ClaimclfError
from claimclf.model_dir import METADATA, ModelDir
from claimclf.tables.job import Job
from claimclf.tables.reading import open_sources
from tests.conftest import reseal

if TYPE_CHECKING:
    from collections.abc import Callable

    from claimclf import Prediction

    Target = Callable[[bytes], None]

_INPUTS = (".txt", ".csv", ".tsv", ".jsonl", ".jsonl.gz", ".parquet")
_OUTPUTS = (".csv", ".tsv", ".jsonl", ".parquet")
_MODEL_FILES = (METADATA, "config.json", "tokenizer.json", "onnx/model_quantized.onnx")
_TEXTS = ["Osmani accused Kesh of fraud .", "x" * 99, "مرحبا 😀", ""]


def predict(model: Path, room: Path) -> Target:
    """Texts, parted by a line feed: each gets what it gets alone."""
    classifier = ClaimClassifier.from_pretrained(model, threads=2)

    def target(data: bytes) -> None:
        texts = _text(data).split("\n")
        predictions = classifier.predict(texts)
        assert predictions == [classifier.predict(text) for text in texts]
        for prediction in predictions:
            _check(prediction)
        json.dumps([prediction.to_dict() for prediction in predictions], allow_nan=False)

    return target


def document(model: Path, room: Path) -> Target:
    """A text: its sentences stand in it, in order, and nothing but blank is between them."""
    classifier = ClaimClassifier.from_pretrained(model, threads=1)

    def target(data: bytes) -> None:
        text = _text(data)
        document = classifier.predict_document(text)
        end = 0
        for sentence in document.sentences:
            assert end <= sentence.start < sentence.end
            assert text[sentence.start : sentence.end] == sentence.text
            assert not text[end : sentence.start].strip()
            _check(sentence.prediction)
            end = sentence.end
        assert not text[end:].strip()
        assert sum(map(len, document.paragraphs)) == len(document)
        document._repr_html_()

    return target


def table(model: Path, room: Path) -> Target:
    """A file, after a byte for its ending, the output's, and how texts are read: no row is lost."""
    classifier = ClaimClassifier.from_pretrained(model, threads=1)

    def target(data: bytes) -> None:
        choice = int.from_bytes(data[:1], "big")
        choice, ending = divmod(choice, len(_INPUTS))
        documents, output = divmod(choice, len(_OUTPUTS))
        place = room / "table"
        place.mkdir()
        source = place / f"in{_INPUTS[ending]}"
        source.write_bytes(data[1:])
        try:
            sources = open_sources([str(source)])
            job = Job(
                sources,
                classifier,
                place / f"out{_OUTPUTS[output]}",
                documents=bool(documents % 2),
                skip_bad_rows=True,
            )
            done = job.run()
            if not job.documents:
                assert done.rows == done.written + done.rejected
            rejects = job.files.rejects.read_bytes().count(b"\n") if job.files.rejects.exists() else 0
            assert rejects == done.rejected
            assert job.output.exists() or done.rows == 0
        except ClaimclfError:
            pass
        finally:
            shutil.rmtree(place)

    return target


def model_dir(model: Path, room: Path) -> Target:
    """Changes to a file of a model directory that vouches for it: it loads and counts, or is refused.

    A byte chooses the file, the next whether bytes are put in or in place of others; then changes of eight
    bytes each: four say where, four are written there.
    """
    originals = {name: (model / name).read_bytes() for name in _MODEL_FILES}

    def target(data: bytes) -> None:
        if len(data) < 10:
            return
        name = _MODEL_FILES[data[0] % len(_MODEL_FILES)]
        content = bytearray(originals[name])
        for start in range(2, len(data) - 7, 8):
            place = int.from_bytes(data[start : start + 4], "big") % (len(content) + 1)
            content[place : place + 4 * (data[1] % 2)] = data[start + 4 : start + 8]
        path = room / "model"
        shutil.copytree(model, path)
        (path / name).write_bytes(content)
        try:
            if name != METADATA:
                reseal(path)
            for prediction in ClaimClassifier.from_pretrained(path, threads=1).predict(_TEXTS):
                _check(prediction)
        except ClaimclfError:
            pass
        finally:
            shutil.rmtree(path)

    return target


def metadata(model: Path, room: Path) -> Target:
    """A claimclf.json: read, or refused."""
    path = room / "described"
    shutil.copytree(model, path)

    def target(data: bytes) -> None:
        (path / METADATA).write_bytes(data)
        with contextlib.suppress(ClaimclfError):
            ModelDir.open(path)

    return target


TARGETS = {target.__name__: target for target in (predict, document, table, model_dir, metadata)}


def _text(data: bytes) -> str:
    """Any bytes as a text; those that are not UTF-8 become lone surrogates."""
    return data.decode("utf-8", "surrogateescape")


def _check(prediction: Prediction) -> None:
    assert all(0 <= score <= 1 for score in prediction.scores.values())
    assert 0 <= prediction.confidence <= 1
    assert (prediction.label is None) == (not prediction.labels)
    assert prediction.label is None or prediction.label in prediction.labels
