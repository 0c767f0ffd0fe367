"""Loading and predicting work with every socket blocked."""

from __future__ import annotations

import socket

import pytest
import torch

from claimclf import ClaimClassifier


@pytest.fixture
def attempts(monkeypatch):
    """Blocks every way out; holds what was tried, for those who swallow the error."""
    tried = []

    def refuse(*arguments, **_options):
        tried.append(arguments)
        raise OSError("the network is blocked in this test")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    for name in ("create_connection", "getaddrinfo", "gethostbyname"):
        monkeypatch.setattr(socket, name, refuse)
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    threads = torch.get_num_threads()
    yield tried
    torch.set_num_threads(threads)


def test_the_block_blocks(attempts):
    with pytest.raises(OSError, match="blocked"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)
    with socket.socket() as one, pytest.raises(OSError, match="blocked"):
        one.connect(("192.0.2.1", 80))
    assert len(attempts) == 2


@pytest.mark.parametrize("backend", ["onnx", "torch"])
def test_loading_and_predicting_try_no_connection(attempts, tiny_dir, backend):
    classifier = ClaimClassifier.from_pretrained(tiny_dir, backend=backend, threads=2)
    assert len(classifier.predict(["Kesh left.", "Go home!"])) == 2
    assert len(list(classifier.predict_iter(iter(["Kesh left."])))) == 1
    assert len(classifier.predict_document("Kesh left. Go home!").sentences) == 2
    assert attempts == []


def test_saving_tries_no_connection(attempts, tiny, tmp_path):
    tiny.save_pretrained(tmp_path / "saved")
    assert attempts == []


def test_a_model_that_is_nowhere_is_not_looked_for_on_the_network(attempts, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError):
        ClaimClassifier.from_pretrained("google/bert-that-is-nowhere")
    assert attempts == []
