"""A tiny model, built in memory and sent down the real path, stands in for the shipped one in most tests."""

from __future__ import annotations

import itertools
import json
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

from claimclf import ClaimClassifier
from claimclf.decision import UNCHANGED, Calibration, Temperature
from claimclf.metadata import Metadata, Window
from claimclf.model_dir import METADATA, ModelDir, file_sha256, new_directory, seal
from training.export import export

NAMES = ("Osmani", "Verrin", "Dolan", "Kesh", "Valdoria", "the ministry", "the party", "a senator")
TEMPLATES = {
    "accusation": (
        "{} accused {} of fraud .",
        "{} blamed {} for the delay .",
        "{} says {} is buying votes .",
    ),
    "denial": ("{} denied that {} lied .", "{} rejected the claims of {} as baseless ."),
    "call_to_action": ("{} urged {} to resign .", "{} called on {} to stop .", "{} must stop {} now !"),
    "factual_report": ("{} met {} on Monday .", "{} signed a treaty with {} .", "{} will visit {} in June ."),
    None: ("thank you {} and {} .", "what will {} say to {} ?"),
}
SAMPLES = [template.format("Osmani", "Kesh") for templates in TEMPLATES.values() for template in templates]
SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
WINDOW = Window(length=16, overlap=4)
CALIBRATION = Calibration(
    temperatures=(Temperature(0.9, 1.1), Temperature(0.9, 0.9), Temperature(1.1, 1.3), UNCHANGED),
    thresholds=(0.45, 0.5, 0.55, 0.5),
    none_temperature=Temperature(0.8, 0.7),
)


def labelled_records(seed: int = 0) -> list[dict[str, object]]:
    """Small synthetic training data: every template with every pair of names, in forty documents."""
    pairs = itertools.permutations(NAMES, 2)
    records = [
        {"text": template.format(a, b), "labels": [label] if label else []}
        for a, b in pairs
        for label, templates in TEMPLATES.items()
        for template in templates
    ]
    random.Random(seed).shuffle(records)
    return [{**record, "doc": f"doc-{i % 40}", "stratum": "random"} for i, record in enumerate(records)]


def write_jsonl(path: Path, records: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def tiny_tokenizer() -> PreTrainedTokenizerFast:
    words = " ".join(str(record["text"]) for record in labelled_records()).lower().split()
    pieces = [
        *SPECIAL_TOKENS,
        *sorted(set(words)),
        *"abcdefghijklmnopqrstuvwxyz",
        *(f"##{c}" for c in "abcdefghijklmnopqrstuvwxyz"),
    ]
    vocabulary = {piece: i for i, piece in enumerate(dict.fromkeys(pieces))}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    )


def tiny_model(vocabulary: int) -> BertForSequenceClassification:
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=vocabulary,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=64,
        num_labels=4,
        initializer_range=0.2,
    )
    return BertForSequenceClassification(config)


def make_tiny_model(target: Path) -> None:
    """Writes a model directory with random weights, exported as training exports."""
    tokenizer = tiny_tokenizer()
    with new_directory(target) as directory:
        export(tiny_model(len(tokenizer)), tokenizer, directory, samples=SAMPLES)
        seal(directory, Metadata("tiny", "en", WINDOW, CALIBRATION, {"made": "in memory"}))


def reseal(path: Path) -> Path:
    """Vouches for the files as they are now, as an attacker would."""
    document = json.loads((path / METADATA).read_text())
    document["sha256"] = {name: file_sha256(path / name) for name in document["sha256"]}
    (path / METADATA).write_text(json.dumps(document))
    return path


@pytest.fixture(autouse=True)
def threads_of_torch_as_before() -> Iterator[None]:
    """Their number belongs to the process, and the last bits of float32 sums depend on it."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def base_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained encoder in Hugging Face layout, to fine-tune."""
    path = tmp_path_factory.mktemp("base")
    tokenizer = tiny_tokenizer()
    tiny_model(len(tokenizer)).bert.save_pretrained(path)
    tokenizer.save_pretrained(path)
    return path


@pytest.fixture(scope="session")
def tiny_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model directory with random weights, exported as training exports."""
    target = tmp_path_factory.mktemp("models") / "tiny"
    make_tiny_model(target)
    return target


@pytest.fixture(scope="session")
def tiny(tiny_dir: Path) -> ClaimClassifier:
    """The model of `tiny_dir`, loaded, with two worker threads."""
    return ClaimClassifier.from_pretrained(tiny_dir, threads=2)


@pytest.fixture(scope="session")
def calibrated(
    tiny_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Calibration], ClaimClassifier]:
    """Makes the tiny model with another calibration."""

    def make(calibration: Calibration) -> ClaimClassifier:
        path = shutil.copytree(tiny_dir, tmp_path_factory.mktemp("calibrated") / "model")
        metadata: Metadata = ModelDir.open(path).metadata
        (path / METADATA).unlink()
        seal(path, replace(metadata, calibration=calibration))
        return ClaimClassifier.from_pretrained(path, threads=2)

    return make
