"""ClaimClassifier: a loaded model that turns text into predictions."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING, overload

import numpy as np

from claimclf.backends import load_backend
from claimclf.decision import BLANK_LOGITS, decide
from claimclf.document import Document, Sentence
from claimclf.errors import NotAStringError, NotTextsError, UnusableModelError
from claimclf.model_dir import DEFAULT_MODEL, TOKENIZER, ModelDir
from claimclf.sentences import paragraph_numbers, split_sentences
from claimclf.texts import as_texts, checked, refuse_table
from claimclf.tokenization import WindowTokenizer
from claimclf.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from claimclf.metadata import Metadata
    from claimclf.prediction import Prediction

_CHUNK = 1024
_READ_AHEAD = 256
_RECEIPT_DIGITS = 16


class ClaimClassifier:
    """A model directory, loaded and ready. Make one with `from_pretrained`.

    Safe to share between threads, and usable after a fork. Pickled, it travels as the path of its model and
    is loaded again on the other side.
    """

    def __init__(self, model_dir: ModelDir, *, backend: str = "onnx", threads: int | None = None) -> None:
        self._model_dir = model_dir
        self._backend_name = backend
        self._threads = threads
        self._tokenizer = WindowTokenizer(model_dir.file(TOKENIZER), model_dir.metadata.window)
        self._backend = load_backend(backend, model_dir, threads)
        self._fingerprint = model_dir.fingerprint
        self._receipt = f"{__version__}:{self._fingerprint[:_RECEIPT_DIGITS]}"

    @classmethod
    def from_pretrained(
        cls, model: str | Path = DEFAULT_MODEL, *, backend: str = "onnx", threads: int | None = None
    ) -> ClaimClassifier:
        """Loads a shipped model by name, or a model directory by path, after verifying every file in it.

        Args:
            model: the name of a shipped model, or the path of a directory that ``training`` wrote.
            backend: ``"onnx"`` (int8, CPU) or ``"torch"`` (float32, CPU or GPU; needs ``claimclf[torch]``).
            threads: CPU threads; None for every core this process may run on (onnx), or as many as torch is
                set to (torch).

        Raises:
            ClaimclfError: the model is missing, altered, unsafe or unreadable, or an option is impossible;
                the subclass and the message say which.

        >>> ClaimClassifier.from_pretrained(threads=1)
        ClaimClassifier('claimclf-en-small', backend='onnx')
        """
        return cls(ModelDir.open(model), backend=backend, threads=threads)

    def save_pretrained(self, path: str | Path) -> None:
        """Copies the model directory, complete or not at all, to a new path or an empty directory.

        Raises:
            OutputExistsError: something is there already.
        """
        self._model_dir.copy_to(path)

    @property
    def metadata(self) -> Metadata:
        """The model's name, language, window, calibration and provenance."""
        return self._model_dir.metadata

    @property
    def receipt(self) -> str:
        """What every prediction of this classifier carries, see `Prediction`."""
        return self._receipt

    @property
    def fingerprint(self) -> str:
        """Hex sha256 that names the model exactly, see `ModelDir.fingerprint`."""
        return self._fingerprint

    @overload
    def predict(  # type: ignore[overload-overlap]  # a str is a Sequence[str], and one text all the same
        self, texts: str, *, allow_none: bool = True
    ) -> Prediction: ...

    @overload
    def predict(self, texts: Sequence[str], *, allow_none: bool = True) -> list[Prediction]: ...

    def predict(
        self, texts: str | Sequence[str], *, allow_none: bool = True
    ) -> Prediction | list[Prediction]:
        """Labels one sentence, or each sentence of a sequence.

        The same text gets the same prediction, to the bit, whatever it is passed together with (onnx
        backend). A text longer than the model's window is read in overlapping windows, and for each label the
        strongest window counts; for articles, `predict_document` labels sentence by sentence.

        Args:
            texts: a string, or any sequence of strings: a list, a tuple, a pandas or polars Series, a numpy
                or pyarrow array.
            allow_none: if False, every text that holds a word gets one of the four labels.

        Returns:
            A `Prediction` for a string; for a sequence a list, in the same order, whatever its length. A
            blank text has label None and scores 0.

        Raises:
            NotTextsError: the argument is neither.
            NotAStringError: one of the texts is not a string; the error names its position.

        >>> clf = ClaimClassifier.from_pretrained(threads=1)
        >>> clf.predict("The minister denied the allegations.").label
        <Label.DENIAL: 'denial'>
        >>> clf.predict([])
        []
        """
        if isinstance(texts, str):
            return self._predict_list([texts], allow_none=allow_none)[0]
        return self._predict_list(as_texts(texts), allow_none=allow_none)

    def predict_iter(self, texts: Iterable[str], *, allow_none: bool = True) -> Iterator[Prediction]:
        """Labels the texts of an iterator one after another, in bounded memory.

        Reads ahead by up to 256 texts. An error of the iterator, or a text that is not a string, is raised
        after the predictions of the texts before it.

        Raises:
            NotTextsError: at the call, if this is one text, a table, or nothing that can be iterated.
            NotAStringError: one of the texts is not a string; the error names its position.

        >>> clf = ClaimClassifier.from_pretrained(threads=1)
        >>> [p.label.value for p in clf.predict_iter(iter(["He denied it.", "She accused him of fraud."]))]
        ['denial', 'accusation']
        """
        refuse_table(texts)
        if isinstance(texts, (str, bytes)) or not isinstance(texts, Iterable):
            raise NotTextsError(texts, "Pass an iterator of strings, or use predict.")
        return self._predict_chunks(checked(texts), allow_none=allow_none)

    def predict_document(self, text: str, *, allow_none: bool = True) -> Document:
        """Splits a text into sentences and labels each.

        Raises:
            NotAStringError: the text is not a string.

        >>> clf = ClaimClassifier.from_pretrained(threads=1)
        >>> document = clf.predict_document("She accused him of fraud. He denied it.")
        >>> [(s.start, s.end, s.prediction.label.value) for s in document.sentences]
        [(0, 25, 'accusation'), (26, 39, 'denial')]
        """
        if not isinstance(text, str):
            raise NotAStringError(text, 0)
        return self.predict_documents([text], allow_none=allow_none)[0]

    def predict_documents(self, texts: Sequence[str], *, allow_none: bool = True) -> list[Document]:
        """Splits each text into sentences and labels all of them: `predict_document` for many at once.

        Raises:
            NotTextsError: the argument is not a sequence of texts.
            NotAStringError: one of the texts is not a string; the error names its position.

        >>> clf = ClaimClassifier.from_pretrained(threads=1)
        >>> clf.predict_documents(["He denied it.", ""])
        [Document(1 sentences, 13 characters), Document(0 sentences, 0 characters)]
        """
        if isinstance(texts, str):
            raise NotTextsError(texts, "Pass a list of strings, or use predict_document.")
        whole = as_texts(texts)
        split = [split_sentences(text) for text in whole]
        pieces = [text[start:end] for text, spans in zip(whole, split, strict=True) for start, end in spans]
        predictions = iter(self._predict_list(pieces, allow_none=allow_none))
        return [
            Document(
                text,
                tuple(
                    Sentence(start, end, text[start:end], next(predictions), paragraph)
                    for (start, end), paragraph in zip(spans, paragraph_numbers(text, spans), strict=True)
                ),
            )
            for text, spans in zip(whole, split, strict=True)
        ]

    def logits(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The model's raw outputs, before calibration: for those who fit their own.

        Args:
            texts: a sequence of strings, as `predict` takes it.

        Returns:
            Shape (len(texts), 4), log-odds, columns in label order: for each label the strongest window of
            the text. A text that holds no token has -inf in every column.

        Raises:
            NotTextsError, NotAStringError: as `predict` does.

        >>> ClaimClassifier.from_pretrained(threads=1).logits(["He denied it.", ""]).shape
        (2, 4)
        """
        if isinstance(texts, str):
            raise NotTextsError(texts, "Pass a list of strings.")
        return self._logits(as_texts(texts))

    def _logits(self, texts: list[str]) -> NDArray[np.float32]:
        windows_in: list[int] = []

        def windows() -> Iterator[list[int]]:
            for text in texts:
                windows_of_text = self._tokenizer.windows(text)
                windows_in.append(len(windows_of_text))
                yield from windows_of_text

        rows = self._backend.run(windows())["logits"]
        if not np.isfinite(rows).all():
            raise UnusableModelError(self._model_dir.path, "for some text it gives no number")
        strongest = np.full((len(windows_in), rows.shape[1]), BLANK_LOGITS, dtype=np.float32)
        for text, rows_of_text in enumerate(np.split(rows, np.cumsum(windows_in)[:-1])):
            if len(rows_of_text):
                strongest[text] = rows_of_text.max(axis=0)
        return strongest

    def _predict_list(self, texts: list[str], *, allow_none: bool) -> list[Prediction]:
        """Repeated texts are computed once; memory beyond the results does not grow with their number."""
        distinct = iter(dict.fromkeys(texts))
        predictions: dict[str, Prediction] = {}
        while chunk := list(islice(distinct, _CHUNK)):
            for text, logits in zip(chunk, self._logits(chunk).tolist(), strict=True):
                predictions[text] = decide(
                    logits, self.metadata.calibration, allow_none=allow_none, receipt=self._receipt
                )
        return [predictions[text] for text in texts]

    def _predict_chunks(self, texts: Iterator[str], *, allow_none: bool) -> Iterator[Prediction]:
        failure: Exception | None = None
        while failure is None:
            chunk: list[str] = []
            try:
                for text in islice(texts, _READ_AHEAD):
                    chunk.append(text)  # noqa: PERF402 - what came before a failure must not be lost
            except Exception as error:  # noqa: BLE001 - whatever the user's iterator raises, raised below
                failure = error
            if not chunk:
                break
            yield from self._predict_list(chunk, allow_none=allow_none)
        if failure is not None:
            raise failure

    def __reduce__(self) -> tuple[object, ...]:
        return _load_again, (self._model_dir.path, self._backend_name, self._threads)

    def __repr__(self) -> str:
        return f"ClaimClassifier({self.metadata.name!r}, backend={self._backend_name!r})"


def _load_again(path: Path, backend: str, threads: int | None) -> ClaimClassifier:
    return ClaimClassifier.from_pretrained(path, backend=backend, threads=threads)
