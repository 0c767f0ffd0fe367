from __future__ import annotations

from pathlib import Path

import pytest

from claimclf.errors import ConfigurationError
from training.config import TrainingConfig

CONFIGS = Path(__file__).parents[2] / "training" / "configs"


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.name)
def test_committed_configurations_are_valid(path: Path) -> None:
    assert TrainingConfig.from_yaml(path).name.startswith("claimclf-")


def test_fields_that_are_not_named_keep_their_defaults(tmp_path: Path) -> None:
    config = TrainingConfig.from_yaml(write(tmp_path, "epochs: 7\n"))
    assert config.epochs == 7
    assert config.batch_size == TrainingConfig().batch_size


def test_every_field_is_documented() -> None:
    for name in TrainingConfig().to_dict():
        assert f"        {name}: " in (TrainingConfig.__doc__ or ""), name


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("learning_rat: 0.1", "Did you mean learning_rate?"),
        ("zzz: 1", "Known: name"),
        ("epochs: many", "'many' is not a int"),
        ("epochs: true", "True is not a int"),
        ("epochs: 0", "Use 1 to 1000"),
        ("average_decay: 1.0", "average_decay: 1.0 is not possible"),
        ("learning_rate: 1e-4", "YAML wants numbers like"),
        ("- a\n- b", "not a mapping"),
        ("a: [", "cannot be read"),
    ],
)
def test_a_wrong_configuration_says_what_is_wrong(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(ConfigurationError, match="E502") as raised:
        TrainingConfig.from_yaml(write(tmp_path, text))
    assert named in str(raised.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere\.yaml"):
        TrainingConfig.from_yaml(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("window_length: 32\nwindow_overlap: 30", "cannot overlap by 30"),
        ("calibration_weights: {random: -1.0}", "not above 0"),
    ],
)
def test_fields_that_do_not_fit_together_are_refused_before_training(
    tmp_path: Path, text: str, named: str
) -> None:
    with pytest.raises(ConfigurationError) as raised:
        TrainingConfig.from_yaml(write(tmp_path, text))
    assert named in str(raised.value)
