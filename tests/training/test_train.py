from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import (
    AutoModel,
    AutoModelForSequenceClassification,
    DistilBertConfig,
    ElectraConfig,
    PreTrainedConfig,
    RobertaConfig,
)

from claimclf import ClaimClassifier, Label
from claimclf.errors import ConfigurationError, ExportDisagreesError, LabelledDataError, OutputExistsError
from claimclf.model_dir import file_sha256
from tests.conftest import tiny_tokenizer, write_jsonl
from tests.training.conftest import Inputs
from training import finetune
from training.averaging import KeepBestAverage
from training.base_model import BaseModel
from training.config import TrainingConfig
from training.data import LabelledSentence, primaries, read_labelled
from training.make_model import make_model
from training.measured import Measured
from training.metrics import Outcomes, measure
from training.provenance import provenance
from training.run_directory import CONFIG_FILE, LOG_FILE, METRICS_FILE
from training.training_data import CORPUS, TrainingData, hashes


def metadata(model_dir: Path) -> dict[str, Any]:
    return json.loads((model_dir / "claimclf.json").read_text(encoding="utf-8"))


def test_the_model_has_learned_the_task(trained_dir: Path, inputs: Inputs) -> None:
    rows = read_labelled(inputs.dev)
    predictions = ClaimClassifier.from_pretrained(trained_dir).predict([r.text for r in rows])
    figures = measure(Outcomes.of(rows, predictions))
    assert figures.macro_f1 > 0.9


def test_the_figures_written_down_are_those_of_the_files(trained_dir: Path, inputs: Inputs) -> None:
    rows = read_labelled(inputs.dev)
    measured = metadata(trained_dir)["provenance"]["measured"]
    for backend, system in (("onnx", "int8"), ("torch", "float32")):
        classifier = ClaimClassifier.from_pretrained(trained_dir, backend=backend)
        predictions = classifier.predict([r.text for r in rows])
        figures = measure(Outcomes.of(rows, predictions)).to_dict()
        written = measured["systems"][system]
        # float32 sums differ in their last bits with the number of threads
        for label, of_label in figures.pop("per_label").items():
            assert of_label == pytest.approx(written["per_label"][label], abs=1e-6)
        assert figures == pytest.approx({name: written[name] for name in figures}, abs=1e-6)
    assert measured["sentences"] == len(rows)
    assert "TF-IDF + logistic regression" in measured["systems"]


def test_the_layout_is_that_of_hugging_face_plus_one_file(trained_dir: Path) -> None:
    names = {path.relative_to(trained_dir).as_posix() for path in trained_dir.rglob("*") if path.is_file()}
    assert names >= {"config.json", "model.safetensors", "tokenizer.json", "onnx/model_quantized.onnx"}
    assert names - set(metadata(trained_dir)["sha256"]) == {"claimclf.json"}
    assert {w.dtype for w in load_file(trained_dir / "model.safetensors").values()} == {torch.float16}


def test_hugging_face_reads_the_labels(trained_dir: Path) -> None:
    model = AutoModelForSequenceClassification.from_pretrained(trained_dir)
    assert list(model.config.id2label.values()) == [
        "accusation",
        "denial",
        "call_to_action",
        "factual_report",
    ]
    assert model.config.problem_type == "multi_label_classification"


def test_where_the_model_comes_from_is_written_down(trained_dir: Path, inputs: Inputs) -> None:
    origin = metadata(trained_dir)["provenance"]
    train, validation = origin["data"]["train"], origin["data"]["validation"]
    assert train["sentences"] + validation["sentences"] == 500, "the three dev sentences were left out"
    assert 0.1 < validation["sentences"] / 500 < 0.3
    assert origin["config"]["learning_rate"] == 0.005
    assert len(origin["base_model"]["sha256"]) == 64
    assert origin["environment"]["torch"] == torch.__version__


def test_nothing_is_left_beside_the_model(trained_dir: Path) -> None:
    assert [path.name for path in trained_dir.parent.iterdir()] == [trained_dir.name]


def test_the_run_can_be_made_again_from_its_directory(
    trained_dir: Path, inputs: Inputs, tmp_path: Path
) -> None:
    config = TrainingConfig.from_yaml(trained_dir / CONFIG_FILE)
    make_model(config, tmp_path / "again", against=str(inputs.rival))
    assert metadata(tmp_path / "again")["sha256"] == metadata(trained_dir)["sha256"], "not bit for bit"


def test_the_run_directory_holds_data_hashes_log_and_metrics(trained_dir: Path, inputs: Inputs) -> None:
    config = TrainingConfig.from_yaml(trained_dir / CONFIG_FILE)
    assert config.data_sha256 == {str(path): file_sha256(path) for path in (inputs.train, inputs.dev)}
    log = [json.loads(line) for line in (trained_dir / LOG_FILE).read_text().splitlines()]
    assert sum("eval_macro_f1" in entry for entry in log) == config.epochs
    metrics = json.loads((trained_dir / METRICS_FILE).read_text())
    assert metrics["systems"]["int8"]["macro_f1"] > 0.9
    assert metrics["evaluation"]["data"]["name"] == inputs.dev.name
    assert metrics["evaluation"]["data"]["sha256"] == file_sha256(inputs.dev)
    (compared,) = metrics["against"]
    difference = compared["differences"]["macro_f1"]
    assert compared["rival"] == "tiny"
    assert 0 < difference["low"] <= difference["value"] <= difference["high"]


def test_it_ends_by_saying_whether_it_is_better(
    inputs: Inputs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inputs.run(tmp_path / "model", epochs=4)
    said = " ".join(capsys.readouterr().out.split())
    assert "Against tiny on dev.jsonl" in said
    assert said.count("the new model is better") == 1


def test_another_file_of_the_same_name_is_refused(inputs: Inputs, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is not the file that the configuration states"):
        inputs.run(tmp_path / "model", data_sha256={str(inputs.train): "0" * 64})


def test_without_dev_some_documents_are_kept_apart(inputs: Inputs) -> None:
    config = TrainingConfig.from_yaml(inputs.config).with_values({**inputs.files, "dev": ""})
    data = TrainingData.read(config)
    documents = [{row.doc for row in part} for part in (data.train, data.validation, data.dev)]
    assert not documents[0] & documents[1]
    assert not documents[2] & (documents[0] | documents[1])
    assert data.dev_name == "a part of train.jsonl"
    assert 0.1 < len(data.dev) / 503 < 0.3
    shares = [np.bincount(primaries(part), minlength=5) / len(part) for part in (data.train, data.dev)]
    assert np.abs(shares[0] - shares[1]).max() < 0.1, "labels are not stratified"


def test_mixing_adds_as_many_sentences_of_the_own_corpus(inputs: Inputs) -> None:
    config = TrainingConfig.from_yaml(inputs.config).with_values({**inputs.files, "mix": True})
    data, alone = TrainingData.read(config), TrainingData.read(replace(config, mix=False))
    assert alone.mixed == 0
    assert 500 <= data.mixed < 550
    assert len(data.train) + len(data.validation) == len(alone.train) + len(alone.validation) + data.mixed
    files = provenance(config, BaseModel.find(config), data)["data"]["train"]["files"]
    assert files[-1] == {"file": "training/data/train.jsonl", "sha256": file_sha256(CORPUS)}
    assert data.dev == alone.dev


def test_no_document_of_dev_is_learned_from(inputs: Inputs, tmp_path: Path) -> None:
    plain = TrainingConfig.from_yaml(inputs.config).with_values(inputs.files)
    before = TrainingData.read(plain)
    other = {"text": "Osmani rows home .", "labels": [], "doc": before.dev[0].doc}
    more = write_jsonl(tmp_path / "more.jsonl", [other])
    data = TrainingData.read(replace(plain, train=[*plain.train, str(more)]))
    assert data == replace(before, left_out=before.left_out + 1)
    with pytest.raises(LabelledDataError, match=r"nothing is left to learn from.* is in dev\.jsonl"):
        TrainingData.read(replace(plain, train=[str(more)]))


def test_what_is_mixed_in_shares_no_text_and_no_document_with_the_rest(
    inputs: Inputs, tmp_path: Path
) -> None:
    own = [json.loads(line) for line in CORPUS.read_text(encoding="utf-8").splitlines()[:300]]
    # The first half as they are; the texts alone of the others.
    records = [{**record, "doc": record["doc"] if i < 150 else "mine"} for i, record in enumerate(own)]
    mine = write_jsonl(tmp_path / "mine.jsonl", records)
    files = {**inputs.files, "train": [str(mine)], "mix": True}
    data = TrainingData.read(TrainingConfig.from_yaml(inputs.config).with_values(files))
    assert data.mixed >= 300
    learned = Counter(row.key for row in (*data.train, *data.validation))
    assert max(learned.values()) == max(Counter(row.key for row in read_labelled(mine)).values())
    assert not {row.doc for row in data.train} & {row.doc for row in data.validation}


def test_weights_of_strata_that_nothing_held_out_is_of_are_refused_before_training(inputs: Inputs) -> None:
    config = TrainingConfig.from_yaml(inputs.config).with_values(inputs.files)
    with pytest.raises(ConfigurationError, match=r"No held-out sentence is of a stratum.*rnadom"):
        TrainingData.read(replace(config, calibration_weights={"rnadom": 1.0}))


def labels_of(key: str, data: TrainingData) -> tuple[Label, ...]:
    return next(row.labels for row in (*data.train, *data.validation) if row.key == key)


def test_corrections_replace_labels(inputs: Inputs, tmp_path: Path) -> None:
    plain = TrainingConfig.from_yaml(inputs.config).with_values(inputs.files)
    wrong = TrainingData.read(plain).train[0]
    corrections = write_jsonl(tmp_path / "corrections.jsonl", [{"id": wrong.key, "labels": ["denial"]}])
    data = TrainingData.read(replace(plain, corrections=[str(corrections)]))
    assert labels_of(wrong.key, data) == (Label.DENIAL,)


def test_corrections_of_no_sentence_are_told(
    inputs: Inputs, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    plain = TrainingConfig.from_yaml(inputs.config).with_values(inputs.files)
    known = TrainingData.read(plain).train[0].key
    ids = [{"id": key, "labels": ["denial"]} for key in (known, "0123456789abcdef")]
    corrections = write_jsonl(tmp_path / "corrections.jsonl", ids)
    TrainingData.read(replace(plain, corrections=[str(corrections)]))
    assert "no sentence has 1 of the 2 ids" in caplog.text


def test_the_last_of_several_corrections_counts(inputs: Inputs, tmp_path: Path) -> None:
    plain = TrainingConfig.from_yaml(inputs.config).with_values(inputs.files)
    first, second = TrainingData.read(plain).train[:2]
    denials = [{"id": row.key, "labels": ["denial"]} for row in (first, second)]
    files = [
        write_jsonl(tmp_path / "corrections.jsonl", denials),
        write_jsonl(tmp_path / "later.jsonl", [{"id": second.key, "labels": []}]),
    ]
    config = replace(plain, corrections=[str(path) for path in files])
    data = TrainingData.read(config)
    assert [labels_of(row.key, data) for row in (first, second)] == [(Label.DENIAL,), ()]
    named = provenance(config, BaseModel.find(config), data)["data"]["train"]["files"]
    assert [entry["file"] for entry in named] == ["train.jsonl", "corrections.jsonl", "later.jsonl"]


def test_the_documents_of_named_sentences_are_held_out(inputs: Inputs, tmp_path: Path) -> None:
    plain = TrainingConfig.from_yaml(inputs.config).with_values({**inputs.files, "dev": "", "mix": True})
    before = TrainingData.read(plain)
    first_of_each = {row.doc: row.key for row in reversed(before.validation)}
    named = write_jsonl(tmp_path / "held_out.jsonl", [{"id": key} for key in first_of_each.values()])
    config = replace(plain, held_out=str(named))
    assert TrainingData.read(config) == before
    assert str(named) in hashes(config)
    pool = write_jsonl(
        tmp_path / "pool.jsonl",
        [{"text": f"{name} lies .", "doc": name} for name in (before.validation[0].doc, before.train[0].doc)],
    )
    texts = [json.loads(line)["text"] for line in pool.read_text().splitlines()]
    keys = [LabelledSentence(text, (), "", "").key for text in texts]
    labels = [{"id": key, "labels": ["accusation"]} for key in keys]
    more = replace(
        config, unlabelled=[str(pool)], corrections=[str(write_jsonl(tmp_path / "labels.jsonl", labels))]
    )
    after = TrainingData.read(more)
    assert keys[0] in {row.key for row in after.validation}
    assert keys[1] in {row.key for row in after.train}


def test_documents_that_only_a_missing_sentence_names_are_told_of(
    inputs: Inputs, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    plain = TrainingConfig.from_yaml(inputs.config).with_values(inputs.files)
    there = TrainingData.read(plain).train[0].key
    elsewhere = LabelledSentence("Only in a file that is not given .", (), "", "").key
    named = write_jsonl(tmp_path / "held_out.jsonl", [{"id": key} for key in (there, elsewhere)])
    TrainingData.read(replace(plain, held_out=str(named)))
    assert "no sentence has 1 of its 2 ids" in caplog.text


@pytest.mark.parametrize("everything", [False, True])
def test_holding_out_all_or_nothing_is_refused(inputs: Inputs, tmp_path: Path, *, everything: bool) -> None:
    plain = TrainingConfig.from_yaml(inputs.config).with_values(inputs.files)
    data = TrainingData.read(plain)
    keys = [row.key for row in (*data.train, *data.validation)] if everything else ["0" * 16]
    named = write_jsonl(tmp_path / "held_out.jsonl", [{"id": key} for key in keys])
    with pytest.raises(ConfigurationError, match="everything" if everything else "nothing"):
        TrainingData.read(replace(plain, held_out=str(named)))


def test_unlabelled_sentences_get_their_labels_by_id(inputs: Inputs, tmp_path: Path) -> None:
    plain = TrainingConfig.from_yaml(inputs.config).with_values(inputs.files)
    before = TrainingData.read(plain)
    texts = ["Osmani never paid a voter .", "Kesh sleeps .", before.dev[0].text, before.train[0].text]
    pool = write_jsonl(
        tmp_path / "pool.jsonl",
        [{"text": text, "doc": "pool"} for text in texts]
        + [{"text": "Dolan left .", "doc": before.dev[0].doc}],
    )
    keys = {text: LabelledSentence(text, (), "", "").key for text in (*texts, "Dolan left .")}
    corrections = write_jsonl(
        tmp_path / "corrections.jsonl",
        [{"id": key, "labels": ["denial"]} for text, key in keys.items() if text != "Kesh sleeps ."],
    )
    config = replace(plain, unlabelled=[str(pool)], corrections=[str(corrections)])
    data = TrainingData.read(config)
    learned = [*data.train, *data.validation]
    assert len(learned) == len(before.train) + len(before.validation) + 1
    assert next(row for row in learned if row.text == texts[0]).labels == (Label.DENIAL,)
    with pytest.raises(ConfigurationError, match="labels"):
        TrainingData.read(replace(config, corrections=[]))


def test_training_goes_on_from_a_model(trained_dir: Path, inputs: Inputs, tmp_path: Path) -> None:
    output = tmp_path / "adapted"
    inputs.run(output, from_model=str(trained_dir), learning_rate=1e-6, epochs=1, average_decay=0.0)
    start, end = (load_file(path / "model.safetensors") for path in (trained_dir, output))
    assert all(torch.allclose(end[name].float(), weight.float(), atol=1e-3) for name, weight in start.items())
    base, before = metadata(output)["provenance"]["base_model"], metadata(trained_dir)["provenance"]
    assert base["name"] == "claimclf-tiny"
    assert base["origin"] == {part: before[part] for part in before if part != "measured"}
    metrics = json.loads((output / METRICS_FILE).read_text())
    assert [compared["data"] for compared in metrics["against"]] == ["dev.jsonl", "the project's own corpus"]


def test_a_share_of_the_weights_is_kept_of_a_model_alone(inputs: Inputs, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="kept_share"):
        inputs.run(tmp_path / "model", kept_share=0.5)


@pytest.mark.parametrize("kind", [DistilBertConfig, RobertaConfig, ElectraConfig])
def test_other_encoders_train_and_export(
    kind: type[PreTrainedConfig], inputs: Inputs, tmp_path: Path
) -> None:
    tokenizer = tiny_tokenizer()
    torch.manual_seed(0)
    if kind is DistilBertConfig:
        config = kind(vocab_size=len(tokenizer), dim=32, n_layers=2, n_heads=4, hidden_dim=64)
    else:
        shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
        config = kind(vocab_size=len(tokenizer), pad_token_id=0, max_position_embeddings=64, **shape)
    encoder = tmp_path / "encoder"
    AutoModel.from_config(config).save_pretrained(encoder)
    tokenizer.save_pretrained(encoder)
    inputs.run(tmp_path / "model", base_model=str(encoder), epochs=4, allowed_flips=1.0)
    measured = metadata(tmp_path / "model")["provenance"]["measured"]
    assert measured["flips"] < 0.1 * measured["sentences"]


@pytest.mark.parametrize("changed", [{}, {"fresh_pooler": False}, {"from_model": "a model's name"}])
def test_an_encoders_pooler_begins_as_the_identity_that_of_a_model_as_it_is(
    inputs: Inputs, changed: dict[str, Any]
) -> None:
    settings = TrainingConfig.from_yaml(inputs.config).with_values(changed)
    dense = finetune._model(inputs.base_model, settings).base_model.pooler.dense
    its_own = AutoModel.from_pretrained(inputs.base_model).pooler.dense
    assert torch.equal(dense.weight, its_own.weight if changed else torch.eye(len(dense.weight)))
    assert torch.equal(dense.bias, its_own.bias if changed else torch.zeros(len(dense.weight)))


def test_a_window_that_the_model_cannot_read_is_refused(inputs: Inputs, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="reads 64 tokens at most, not 65"):
        inputs.run(tmp_path / "model", window_length=65)


def test_an_export_that_disagrees_fails_and_more_may_be_allowed_without_training_again(
    inputs: Inputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Measured, "flips", 1)
    with pytest.raises(ExportDisagreesError, match="1 of"):
        inputs.run(tmp_path / "model", allowed_flips=0.0, epochs=1)
    assert not (tmp_path / "model").exists()
    monkeypatch.setattr(KeepBestAverage, "on_step_end", lambda *_, **__: pytest.fail("it trains again"))
    monkeypatch.setattr(Measured, "to_dict", Measured.summary)  # without intervals, which take longest
    inputs.run(tmp_path / "model", allowed_flips=0.5, baseline=False, epochs=1, resume=True)
    assert TrainingConfig.from_yaml(tmp_path / "model" / CONFIG_FILE).allowed_flips == 0.5
    assert set(metadata(tmp_path / "model")["provenance"]["measured"]["systems"]) == {"int8", "float32"}


def test_an_existing_output_is_refused_before_any_work(inputs: Inputs, tmp_path: Path) -> None:
    with pytest.raises(OutputExistsError):
        inputs.run(inputs.train.parent)


@pytest.mark.parametrize("location", ["no/such place", "nowhere"])
def test_a_base_model_that_is_not_there_is_named(
    inputs: Inputs, tmp_path: Path, location: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ConfigurationError, match=location):
        inputs.run(tmp_path / "model", base_model=location)


def test_another_base_model_than_the_configured_one_is_refused(inputs: Inputs, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is not"):
        inputs.run(tmp_path / "model", base_model_sha256="f" * 64)


def test_the_command_says_what_is_wrong_in_one_line(inputs: Inputs, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "training.train", "--config", "no.yaml", "--train", "no.jsonl"]
    done = subprocess.run(
        [*command, "--dev", "no.jsonl", "--output", str(tmp_path / "model")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("[E502] no.yaml cannot be read")
    assert "Traceback" not in done.stderr
