from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForSequenceClassification

from claimclf import ClaimClassifier
from claimclf.errors import ConfigurationError, ExportDisagreesError, OutputExistsError
from tests.training.conftest import Inputs
from training.averaging import KeepBestAverage
from training.data import read_labelled
from training.metrics import Outcomes, measure


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


def test_training_is_repeatable_and_resumes_where_it_stopped(
    trained_dir: Path, inputs: Inputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "again"
    on_save = KeepBestAverage.on_save

    def stop_after_saving(self: KeepBestAverage, *args: Any, **kwargs: Any) -> None:
        on_save(self, *args, **kwargs)
        raise KeyboardInterrupt

    monkeypatch.setattr(KeepBestAverage, "on_save", stop_after_saving)
    with pytest.raises(KeyboardInterrupt):
        inputs.run(output)
    monkeypatch.undo()
    assert not output.exists()

    inputs.run(output, resume=True)
    expected = load_file(trained_dir / "model.safetensors")
    resumed = load_file(output / "model.safetensors")
    assert all(torch.equal(weight, resumed[name]) for name, weight in expected.items())
    assert metadata(output)["sha256"] == metadata(trained_dir)["sha256"]


def test_an_export_that_disagrees_fails_and_leaves_no_model(
    inputs: Inputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "strict.yaml"
    config.write_text(
        inputs.config.read_text()
        .replace("allowed_flips: 0.2", "allowed_flips: 0.0\nepochs: 1")
        .replace("epochs: 8\n", "")
    )
    monkeypatch.setattr("training.train._flips", lambda a, b: 1)
    with pytest.raises(ExportDisagreesError, match="1 of"):
        Inputs(config, inputs.train, inputs.dev, inputs.base_model).run(tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_an_existing_output_is_refused_before_any_work(inputs: Inputs, tmp_path: Path) -> None:
    with pytest.raises(OutputExistsError):
        inputs.run(tmp_path)


@pytest.mark.parametrize("location", ["no/such place", "nowhere"])
def test_a_base_model_that_is_not_there_is_named(
    inputs: Inputs, tmp_path: Path, location: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ConfigurationError, match=location):
        Inputs(inputs.config, inputs.train, inputs.dev, Path(location)).run(tmp_path / "model")


def test_another_base_model_than_the_configured_one_is_refused(inputs: Inputs, tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(inputs.config.read_text() + f"base_model_sha256: {'f' * 64}\n")
    with pytest.raises(ConfigurationError, match="is not sentence-transformers/all-MiniLM-L6-v2"):
        Inputs(config, inputs.train, inputs.dev, inputs.base_model).run(tmp_path / "model")


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
