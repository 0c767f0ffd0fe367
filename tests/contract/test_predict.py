from __future__ import annotations

import itertools
import json
import multiprocessing
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch

import claimclf
from claimclf import LABELS, ClaimClassifier, Document, Prediction, Sentence
from claimclf.decision import decide
from claimclf.errors import NotTextsError, OptionError, OutputExistsError
from claimclf.model_dir import DEFAULT_MODEL, ModelDir

SENTENCE = "Osmani accused Kesh of fraud ."


# --- one input type, one output type ---


def test_a_string_gives_a_prediction(tiny):
    assert type(tiny.predict(SENTENCE)) is Prediction


@pytest.mark.parametrize("count", [0, 1, 2, 5])
@pytest.mark.parametrize(
    "sequence",
    [list, tuple, pd.Series, np.array, pa.array, lambda texts: pa.chunked_array([texts, []], pa.string())],
    ids=["list", "tuple", "pandas Series", "numpy array", "pyarrow Array", "pyarrow ChunkedArray"],
)
def test_a_sequence_gives_a_list_of_its_length(tiny, texts, sequence, count):
    if sequence is pd.Series:
        sequence = lambda values: pd.Series(values, dtype=object)  # noqa: E731
    if count == 0 and sequence is pa.array:
        sequence = lambda values: pa.array(values, pa.string())  # noqa: E731
    predictions = tiny.predict(sequence(texts[:count]))
    assert type(predictions) is list
    assert predictions == tiny.predict(texts[:count])
    assert [type(p) for p in predictions] == [Prediction] * count


@pytest.mark.parametrize("text", [np.str_(SENTENCE), type("Line", (str,), {})(SENTENCE)])
def test_a_kind_of_string_is_a_string(tiny, text):
    assert tiny.predict(text) == tiny.predict(SENTENCE)


def test_a_string_and_a_list_of_it_say_the_same(tiny):
    assert [tiny.predict(SENTENCE)] == tiny.predict([SENTENCE])


def test_the_texts_passed_in_are_not_changed(tiny):
    given = [SENTENCE, "", SENTENCE]
    tiny.predict(given)
    assert given == [SENTENCE, "", SENTENCE]


# --- order, repeats ---


def test_order_is_kept(tiny, texts):
    one_by_one = [tiny.predict(text) for text in texts]
    assert len(set(one_by_one)) > 10
    assert tiny.predict(texts) == one_by_one
    assert tiny.predict(texts[::-1]) == one_by_one[::-1]


def test_order_is_kept_over_more_texts_than_are_computed_at_once(tiny):
    many = [f"{i} " + "Kesh " * (i % 9) for i in range(2100)]
    predictions = tiny.predict(many)
    assert predictions[::100] == [tiny.predict(text) for text in many[::100]]


def test_repeats_are_answered_each_at_its_place(tiny):
    other = "Dolan left , and nobody in the ministry said why ."
    a, b = tiny.predict(SENTENCE), tiny.predict(other)
    assert a != b
    assert tiny.predict([SENTENCE, other, SENTENCE, SENTENCE, other]) == [a, b, a, a, b]


def test_repeats_are_computed_once(tiny_dir, monkeypatch):
    classifier = ClaimClassifier.from_pretrained(tiny_dir, threads=1)
    computed = []
    run_one = classifier._backend._run_one
    monkeypatch.setattr(classifier._backend, "_run_one", lambda ids: computed.append(ids) or run_one(ids))
    classifier.predict([SENTENCE, "Kesh left .", SENTENCE] * 50)
    assert len(computed) == 2


# --- what a prediction holds ---


def test_predictions_are_the_calibrated_logits(tiny, texts):
    expected = [decide(row, tiny.metadata.calibration) for row in tiny.logits(texts).tolist()]
    assert tiny.predict(texts) == expected


def test_scores_are_python_floats(tiny):
    prediction = tiny.predict(SENTENCE)
    assert {type(score) for score in prediction.scores.values()} == {float}
    assert type(prediction.confidence) is float


def test_scores_cover_the_four_labels(tiny):
    assert tuple(tiny.predict(SENTENCE).scores) == LABELS


def test_allow_none_is_the_default(reluctant, texts):
    assert {(p.label, p.labels) for p in reluctant.predict(texts)} == {(None, ())}


def test_without_none_every_text_gets_one_of_the_four(reluctant, texts):
    forced = reluctant.predict(texts, allow_none=False)
    assert {p.label for p in forced} <= set(LABELS)
    assert [p.scores for p in forced] == [p.scores for p in reluctant.predict(texts)]
    assert all(p.confidence == p.scores[p.label] for p in forced)


def test_allow_none_reaches_a_string_an_iterator_and_a_document(reluctant):
    assert reluctant.predict(SENTENCE, allow_none=False).label in LABELS
    assert next(reluctant.predict_iter([SENTENCE], allow_none=False)).label in LABELS
    document = reluctant.predict_document(SENTENCE, allow_none=False)
    assert document.sentences[0].prediction.label in LABELS


def test_allow_none_is_given_by_name_only(tiny):
    with pytest.raises(TypeError):
        tiny.predict(SENTENCE, False)  # noqa: FBT003


# --- long texts ---


def test_the_strongest_window_decides_each_label(tiny, texts):
    for text in texts[-12:]:
        windows = tiny._tokenizer.windows(text)
        alone = np.concatenate([tiny._backend.run([ids])["logits"] for ids in windows])
        assert len(windows) > 1
        np.testing.assert_array_equal(tiny.logits([text])[0], alone.max(axis=0))


@pytest.mark.parametrize("before", [0, 13, 14, 100, 1000])
def test_nothing_is_cut_off(tiny_dir, monkeypatch, before):
    classifier = ClaimClassifier.from_pretrained(tiny_dir, threads=1)
    read = set()
    run_one = classifier._backend._run_one
    monkeypatch.setattr(classifier._backend, "_run_one", lambda ids: read.update(ids) or run_one(ids))
    ((_, last_word, _),) = classifier._tokenizer.windows("Dolan")
    classifier.predict("Kesh " * before + "Dolan")
    assert last_word in read


def test_a_long_text_among_short_ones_keeps_to_its_row(tiny, texts):
    mixed = [texts[0], " ".join(texts), "", texts[1], " ".join(texts[::-1]), texts[2]]
    expected = np.concatenate([tiny.logits([text]) for text in mixed])
    np.testing.assert_array_equal(tiny.logits(mixed), expected)


@pytest.mark.parametrize("given", [[], [""], ["Kesh"], ["Kesh", "", "Dolan left ."]])
def test_logits_are_a_float32_row_of_four_a_text(tiny, given):
    logits = tiny.logits(given)
    assert (logits.shape, logits.dtype) == ((len(given), 4), np.float32)


@pytest.mark.parametrize("given", [SENTENCE, [SENTENCE, None]], ids=["string", "None"])
def test_logits_refuses_what_is_not_texts(tiny, given):
    with pytest.raises(claimclf.ClaimclfError):
        tiny.logits(given)


# --- predict_iter ---


def test_predict_iter_says_what_predict_says(tiny, texts):
    assert list(tiny.predict_iter(iter(texts))) == tiny.predict(texts)


def test_predict_iter_is_an_iterator_over_any_iterable(tiny, texts):
    predictions = tiny.predict_iter(texts[:3])
    assert iter(predictions) is predictions
    assert list(predictions) == tiny.predict(texts[:3])


def test_predict_iter_takes_nothing_before_it_is_asked(tiny):
    taken = []
    tiny.predict_iter(taken.append(i) or SENTENCE for i in range(3))
    assert taken == []


def test_predict_iter_reads_ahead_by_256_at_most(tiny):
    taken = 0

    def endless():
        nonlocal taken
        for i in itertools.count():
            taken += 1
            yield "Kesh " * (i % 7 + 1)

    for given, _ in enumerate(itertools.islice(tiny.predict_iter(endless()), 600), 1):
        assert taken <= given + 256


def test_predict_iter_of_nothing_is_empty(tiny):
    assert list(tiny.predict_iter(iter(()))) == []


@pytest.mark.parametrize("value", [SENTENCE, SENTENCE.encode()])
def test_predict_iter_refuses_one_text(tiny, value):
    with pytest.raises(NotTextsError, match="predict"):
        list(tiny.predict_iter(value))


def test_predict_iter_refuses_one_text_at_the_call(tiny):
    with pytest.raises(NotTextsError):
        tiny.predict_iter(SENTENCE)


# --- predict_document ---


ARTICLE = """ Osmani accuses neighbour

“Kesh paid voters. Stop it now!” President Osmani said. Dolan denied it…\t"Never!" he said. 😀 The end
"""


def test_a_document_holds_the_text_as_given(tiny):
    document = tiny.predict_document(ARTICLE)
    assert type(document) is Document
    assert document.text == ARTICLE


def test_sentences_are_cut_from_the_text_by_their_offsets(tiny):
    document = tiny.predict_document(ARTICLE)
    assert [ARTICLE[s.start : s.end] for s in document.sentences] == [s.text for s in document.sentences]
    assert [s.text for s in document.sentences][:3] == [
        "Osmani accuses neighbour",
        "“Kesh paid voters.",
        "Stop it now!” President Osmani said.",
    ]


def test_a_sentence_is_predicted_as_it_is_alone(tiny):
    sentences = tiny.predict_document(ARTICLE).sentences
    assert [s.prediction for s in sentences] == [tiny.predict(s.text) for s in sentences]
    assert {type(s) for s in sentences} == {Sentence}


@pytest.mark.parametrize("text", ["", " \n"])
def test_a_blank_document_has_no_sentences(tiny, text):
    assert tiny.predict_document(text) == Document(text, ())


def test_a_document_is_json(tiny):
    document = tiny.predict_document(ARTICLE)
    assert json.loads(json.dumps(document.to_dict(), allow_nan=False)) == document.to_dict()


# --- loading and saving ---


def test_save_pretrained_writes_a_model_that_says_the_same(tiny, tiny_dir, texts, tmp_path):
    tiny.save_pretrained(tmp_path / "saved")
    names = {file.relative_to(tiny_dir) for file in tiny_dir.rglob("*")}
    assert {file.relative_to(tmp_path / "saved") for file in (tmp_path / "saved").rglob("*")} == names
    again = ClaimClassifier.from_pretrained(tmp_path / "saved", threads=2)
    assert again.metadata == tiny.metadata
    assert again.predict(texts) == tiny.predict(texts)


def test_save_pretrained_does_not_overwrite(tiny, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(OutputExistsError):
        tiny.save_pretrained(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["notes.txt"]


def test_a_model_loaded_by_a_relative_path_is_saved_from_anywhere(tiny_dir, tmp_path, monkeypatch):
    monkeypatch.chdir(tiny_dir.parent)
    classifier = ClaimClassifier.from_pretrained(tiny_dir.name, threads=1)
    monkeypatch.chdir(tmp_path)
    classifier.save_pretrained(tmp_path / "saved")


def test_metadata_tells_name_language_window_and_provenance(tiny):
    assert (tiny.metadata.name, tiny.metadata.language) == ("tiny", "en")
    assert tiny.metadata.window.length == 16
    assert tiny.metadata.provenance == {"made": "in memory"}


@pytest.mark.parametrize("backend", ["onnx", "torch"])
def test_repr_names_the_model_and_the_backend(tiny_dir, backend):
    classifier = ClaimClassifier.from_pretrained(tiny_dir, backend=backend, threads=torch.get_num_threads())
    assert repr(classifier) == f"ClaimClassifier('tiny', backend='{backend}')"


@pytest.mark.parametrize("options", [{"backend": "jax"}, {"threads": 0}, {"threads": -2}])
def test_an_impossible_option_is_refused_by_name(tiny_dir, options):
    with pytest.raises(OptionError, match=next(iter(options))):
        ClaimClassifier.from_pretrained(tiny_dir, **options)


# --- the functions of the package ---


@pytest.fixture
def shipped(tiny_dir, tmp_path, monkeypatch):
    """The tiny model in the place of the shipped one, not loaded yet."""
    (tmp_path / DEFAULT_MODEL).symlink_to(tiny_dir)
    monkeypatch.setattr("claimclf.model_dir.SHIPPED", tmp_path)
    monkeypatch.setattr("claimclf.api._classifier", None)


@pytest.mark.usefixtures("shipped")
def test_the_functions_of_the_package_are_the_methods_of_the_shipped_model(tiny, texts):
    assert claimclf.predict(SENTENCE) == tiny.predict(SENTENCE)
    assert claimclf.predict(texts) == tiny.predict(texts)
    assert list(claimclf.predict_iter(iter(texts))) == tiny.predict(texts)
    assert claimclf.predict_document(ARTICLE) == tiny.predict_document(ARTICLE)


def test_the_functions_of_the_package_pass_allow_none_on(reluctant, monkeypatch):
    monkeypatch.setattr("claimclf.api._classifier", reluctant)
    assert claimclf.predict(SENTENCE, allow_none=False).label in LABELS
    assert next(claimclf.predict_iter([SENTENCE], allow_none=False)).label in LABELS
    assert claimclf.predict_document(SENTENCE, allow_none=False).sentences[0].prediction.label in LABELS


@pytest.mark.usefixtures("shipped")
def test_the_shipped_model_is_loaded_once_even_when_many_threads_ask(monkeypatch):
    opened = []
    open_ = ModelDir.open
    monkeypatch.setattr(ModelDir, "open", lambda model: opened.append(model) or open_(model))
    together = threading.Barrier(8)

    def first_predict(_):
        together.wait()
        return claimclf.predict(SENTENCE)

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(first_predict, range(8)))) == 1
    assert opened == [DEFAULT_MODEL]


def _predict_and_send(connection):
    connection.send(claimclf.predict(SENTENCE))


@pytest.mark.skipif(sys.platform == "win32", reason="no fork there")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
@pytest.mark.usefixtures("shipped")
def test_a_child_forked_while_the_shipped_model_loads_predicts(tiny, monkeypatch):
    begun = threading.Event()
    open_ = ModelDir.open

    def slowly(model):
        begun.set()
        time.sleep(0.5)
        return open_(model)

    monkeypatch.setattr(ModelDir, "open", slowly)
    loader = threading.Thread(target=claimclf.predict, args=(SENTENCE,))
    loader.start()
    begun.wait()
    fork = multiprocessing.get_context("fork")
    receiving, sending = fork.Pipe(duplex=False)
    child = fork.Process(target=_predict_and_send, args=(sending,), daemon=True)
    child.start()
    try:
        assert receiving.poll(30), "the child did not answer"
        assert receiving.recv() == tiny.predict(SENTENCE)
    finally:
        child.kill()
        child.join()
        loader.join()


@pytest.mark.skipif(sys.platform == "win32", reason="no fork there")
def test_a_child_forked_while_the_library_is_imported_imports_it():
    code = (
        "import os, signal, sys, threading, claimclf\n"
        "threading.Thread(target=lambda: claimclf.predict).start()\n"
        "while 'claimclf.classifier' not in sys.modules: pass\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    signal.alarm(30)\n"
        "    claimclf.predict\n"
        "    os._exit(0)\n"
        "sys.exit(os.waitpid(child, 0)[1])"
    )
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=False).returncode == 0
