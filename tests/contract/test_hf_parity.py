"""The model directory opened with everyone's tools gives the numbers that claimclf gives."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from safetensors import safe_open
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer

from claimclf import LABELS, ClaimClassifier
from claimclf.backends.onnx import session_options
from claimclf.metadata import Window
from claimclf.model_dir import TOKENIZER
from claimclf.tokenization import WindowTokenizer

SENTENCES = [
    *(
        "Osmani accused Kesh of fraud .",
        "Verrin denied that Dolan lied .",
        "the ministry must stop the party now !",
    ),
    *("a senator met Osmani on Monday .", "thank you Kesh and Verrin .", "Dolan", "what will Valdoria say ?"),
    *(
        "Kesh rejected the claims of the party as baseless .",
        "😀 is a senator .",
        "on June in June",
    ),
]


@pytest.fixture(scope="module")
def reference(tiny_dir):
    """Logits of transformers alone: its model and its tokenizer, one sentence at a time."""
    tokenizer = AutoTokenizer.from_pretrained(tiny_dir)
    model = AutoModelForSequenceClassification.from_pretrained(tiny_dir, dtype=torch.float32).eval()
    with torch.inference_mode():
        rows = [model(**tokenizer(sentence, return_tensors="pt")).logits for sentence in SENTENCES]
    return torch.cat(rows).numpy()


@pytest.fixture(scope="module")
def float_model(tiny_dir):
    threads = torch.get_num_threads()
    yield ClaimClassifier.from_pretrained(tiny_dir, backend="torch", threads=1)
    torch.set_num_threads(threads)


def test_the_reference_tells_the_sentences_apart(reference):
    assert len(np.unique(reference.round(2), axis=0)) == len(SENTENCES)


def test_the_torch_backend_gives_the_logits_of_transformers(reference, float_model):
    np.testing.assert_allclose(float_model.logits(SENTENCES), reference, atol=1e-5, rtol=0)


def test_the_int8_model_reads_the_words(tiny):
    once, other = tiny.logits(["Osmani accused Kesh of fraud .", "Verrin denied that Dolan lied ."])
    assert (once != other).any()


def test_the_int8_model_is_near(reference, tiny):
    logits = tiny.logits(SENTENCES)
    assert np.abs(logits - reference).mean() < 0.25 * reference.std(axis=0).mean()
    for column in range(len(LABELS)):
        assert np.corrcoef(logits[:, column], reference[:, column])[0, 1] > 0.9


def test_sums_of_products_cannot_overflow_on_any_processor():
    entry = session_options().get_session_config_entry("session.x64quantprecision")
    assert entry == "1", "without it the test above fails where there is AVX2 but no int8 instruction"


def test_our_tokenizer_gives_the_ids_of_transformers(tiny_dir):
    ours = WindowTokenizer(tiny_dir / TOKENIZER, Window(64, 8))
    theirs = AutoTokenizer.from_pretrained(tiny_dir)
    assert [ours.windows(sentence) for sentence in SENTENCES] == [
        [theirs(sentence).input_ids] for sentence in SENTENCES
    ]


def test_the_configuration_names_the_labels_in_our_order(tiny_dir):
    config = AutoConfig.from_pretrained(tiny_dir)
    assert config.id2label == {i: label.value for i, label in enumerate(LABELS)}
    assert config.label2id == {label.value: i for i, label in enumerate(LABELS)}
    assert config.problem_type == "multi_label_classification"


def test_the_weights_are_float16(tiny_dir):
    with safe_open(tiny_dir / "model.safetensors", "pt") as weights:
        assert {weights.get_tensor(name).dtype for name in weights.keys()} == {torch.float16}  # noqa: SIM118


def test_the_two_backends_share_calibration_and_windows(tiny, float_model):
    long_text = " ".join(SENTENCES)
    assert float_model.metadata == tiny.metadata
    assert float_model.predict([long_text, ""])[1] == tiny.predict("")
    assert len(float_model._tokenizer.windows(long_text)) == len(tiny._tokenizer.windows(long_text)) > 1


def test_our_file_does_not_disturb_and_is_plain_json(tiny_dir):
    document = json.loads((tiny_dir / "claimclf.json").read_text(encoding="utf-8"))
    assert document["labels"] == [label.value for label in LABELS]
