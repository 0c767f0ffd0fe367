from __future__ import annotations

import json
from pathlib import Path

import pytest

from claimclf.errors import ConfigurationError
from claimclf.model_dir import SHIPPED, ModelDir
from tests.training.conftest import Inputs
from training import evaluate, model_card

CARDS = Path(__file__).parents[2] / "model_cards"


def test_evaluate_prints_a_table_with_every_label(
    trained_dir: Path, inputs: Inputs, capsys: pytest.CaptureFixture[str]
) -> None:
    evaluate.evaluate(str(trained_dir), inputs.dev)
    printed = capsys.readouterr().out
    assert "claimclf-tiny on dev.jsonl" in printed
    assert "macro-F1" in printed


def test_evaluate_gives_the_figures_of_the_card_as_json(
    trained_dir: Path, inputs: Inputs, capsys: pytest.CaptureFixture[str]
) -> None:
    evaluate.evaluate(str(trained_dir), inputs.dev, as_json=True)
    origin = ModelDir.open(trained_dir).metadata.provenance
    assert json.loads(capsys.readouterr().out) == origin["measured"]["systems"]["int8"]


def test_a_card_says_what_was_measured_and_on_what(trained_dir: Path, tmp_path: Path) -> None:
    card = tmp_path / "cards" / "card.md"
    model_card.write(str(trained_dir), card)
    text = card.read_text(encoding="utf-8")
    model_dir = ModelDir.open(trained_dir)
    measured = model_dir.metadata.provenance["measured"]
    assert text.startswith("---\nlanguage: en\n")
    assert f"**{100 * measured['systems']['int8']['macro_f1']:.1f}**" in text
    assert "Synthetic sentences, made for tests." in text
    assert "not whether it is true" in text
    for digest in (model_dir.sha256["model.safetensors"], model_dir.sha256["onnx/model_quantized.onnx"]):
        assert digest in text


@pytest.mark.parametrize("path", sorted(SHIPPED.iterdir()), ids=lambda path: path.name)
def test_the_card_of_every_shipped_model_is_the_one_its_files_give(path: Path) -> None:
    card = CARDS / f"{path.name}.md"
    assert card.read_text(encoding="utf-8") == model_card.render(ModelDir.open(path))


def test_a_model_that_was_never_measured_has_no_card(tiny_dir: Path) -> None:
    with pytest.raises(ConfigurationError, match="does not say how it was made"):
        model_card.render(ModelDir.open(tiny_dir))
