"""Same text, same model, same score, bit for bit: in any batch, order, thread, process."""

from __future__ import annotations

import asyncio
import hashlib
import multiprocessing
import pickle
import random
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from claimclf import ClaimClassifier, __version__

words = st.sampled_from(["Osmani", "accused", "Kesh", "of", "fraud", ".", "denied", "urged", "!", "😀", "xq"])
sentences = st.lists(words, max_size=25).map(" ".join)
any_text = st.one_of(sentences, st.text(st.characters(codec=None), max_size=40))


@pytest.fixture(scope="module")
def expected(tiny, texts):
    """Each text computed alone."""
    return [tiny.predict(text) for text in texts]


def exact(predictions):
    """Every number of every prediction to the last bit."""
    return [
        (p.label, p.labels, p.confidence.hex(), *(score.hex() for score in p.scores.values()))
        for p in predictions
    ]


def test_the_texts_tell_a_model_that_reads_from_one_that_does_not(expected):
    assert len(set(exact(expected))) > 10


@pytest.mark.parametrize("size", [2, 7, 64])
def test_in_batches_of_any_size(tiny, texts, expected, size):
    batches = [texts[start : start + size] for start in range(0, len(texts), size)]
    assert exact(p for batch in batches for p in tiny.predict(batch)) == exact(expected)


@pytest.mark.parametrize("seed", range(3))
def test_shuffled(tiny, texts, expected, seed):
    order = random.Random(seed).sample(range(len(texts)), len(texts))
    got = dict(zip(order, tiny.predict([texts[i] for i in order]), strict=True))
    assert exact(got[i] for i in range(len(texts))) == exact(expected)


def test_repeated(tiny, texts, expected):
    for _ in range(3):
        assert exact(tiny.predict(texts)) == exact(expected)


def test_read_one_by_one_from_an_iterator(tiny, texts, expected):
    assert exact(tiny.predict_iter(iter(texts))) == exact(expected)


def test_from_eight_threads_at_once(tiny, texts, expected):
    def predict(seed):
        order = random.Random(seed).sample(range(len(texts)), len(texts))
        got = dict(zip(order, tiny.predict([texts[i] for i in order]), strict=True))
        return exact(got[i] for i in range(len(texts)))

    with ThreadPoolExecutor(8) as pool:
        for got in pool.map(predict, range(16)):
            assert got == exact(expected)


@pytest.mark.parametrize("threads", [1, 3, 8, None])
def test_with_any_number_of_worker_threads(tiny_dir, texts, expected, threads):
    classifier = ClaimClassifier.from_pretrained(tiny_dir, threads=threads)
    assert exact(classifier.predict(texts)) == exact(expected)


def test_after_pickling(tiny, texts, expected):
    again = pickle.loads(pickle.dumps(tiny))
    assert again is not tiny
    assert exact(again.predict(texts)) == exact(expected)
    assert repr(again) == repr(tiny)


@pytest.mark.parametrize("threads", [1, 3])
def test_a_pickle_carries_the_number_of_threads(tiny_dir, threads):
    classifier = ClaimClassifier.from_pretrained(tiny_dir, threads=threads)
    assert pickle.loads(pickle.dumps(classifier))._backend._threads == threads


def test_a_pickle_carries_the_backend(tiny_dir):
    classifier = ClaimClassifier.from_pretrained(tiny_dir, backend="torch", threads=torch.get_num_threads())
    assert repr(pickle.loads(pickle.dumps(classifier))) == "ClaimClassifier('tiny', backend='torch')"


def test_a_pickle_carries_the_path_and_not_the_weights(tiny):
    assert len(pickle.dumps(tiny)) < 2000


def test_after_pickling_from_a_relative_path_to_another_working_directory(tiny_dir, tmp_path, monkeypatch):
    monkeypatch.chdir(tiny_dir.parent)
    pickled = pickle.dumps(ClaimClassifier.from_pretrained(tiny_dir.name, threads=1))
    monkeypatch.chdir(tmp_path)
    pickle.loads(pickled)


def _predict_and_send(classifier, texts, connection):
    connection.send(exact(classifier.predict(texts)))


def _in_child(method, classifier, texts):
    context = multiprocessing.get_context(method)
    receiving, sending = context.Pipe(duplex=False)
    child = context.Process(target=_predict_and_send, args=(classifier, texts, sending), daemon=True)
    child.start()
    try:
        assert receiving.poll(120), "the child did not answer"
        return receiving.recv()
    finally:
        child.kill()
        child.join()


@pytest.mark.skipif(sys.platform == "win32", reason="no fork there")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_in_a_forked_child_of_a_parent_that_has_predicted(tiny, texts, expected):
    assert tiny._backend._pools
    assert _in_child("fork", tiny, texts) == exact(expected)
    assert exact(tiny.predict(texts)) == exact(expected)


def test_in_spawned_children(tiny, texts, expected):
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert exact(pool.map(tiny.predict, texts)) == exact(expected)


@settings(max_examples=40)
@given(st.lists(any_text, max_size=12), st.randoms(use_true_random=False))
def test_whatever_the_company(tiny, batch, random_):
    alone = {text: tiny.predict(text) for text in batch}
    random_.shuffle(batch)
    assert exact(tiny.predict(batch)) == exact(alone[text] for text in batch)


@settings(max_examples=40)
@given(any_text)
def test_logits_of_any_text_are_the_same_bits_again(tiny, text):
    company = [text, "Kesh denied it .", text]
    once, between, again = tiny.logits(company)
    assert once.tobytes() == again.tobytes() == tiny.logits([text])[0].tobytes()
    assert np.isfinite(between).all()


@settings(max_examples=25)
@given(st.lists(sentences, min_size=1, max_size=8))
def test_a_sentence_in_a_document_and_alone(tiny, parts):
    for sentence in tiny.predict_document("\n\n".join(parts)).sentences:
        assert exact([sentence.prediction]) == exact([tiny.predict(sentence.text)])


def test_a_receipt_names_the_library_and_the_model(tiny, tiny_dir):
    fingerprint = hashlib.sha256((tiny_dir / "claimclf.json").read_bytes()).hexdigest()
    assert tiny.predict("Kesh left .").receipt == f"{__version__}:{fingerprint[:16]}" == tiny.receipt
    assert {p.receipt for p in tiny.predict(["", "Kesh denied it ."])} == {tiny.receipt}


def test_many_tasks_of_an_event_loop_get_their_own_answers(tiny, texts, expected):
    async def ask():
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(8) as pool:
            return await asyncio.gather(*(loop.run_in_executor(pool, tiny.predict, text) for text in texts))

    assert exact(asyncio.run(ask())) == exact(expected)
