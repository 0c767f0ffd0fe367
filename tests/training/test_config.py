from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from claimclf.errors import ConfigurationError, OptionError
from training.config import TrainingConfig, options, types
from training.config_options import with_config_options

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


def test_every_field_says_what_it_is() -> None:
    assert [name for name, option in options().items() if not option.help] == []


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
        ("train: 3", "3 is not a list[str]"),
        ("label_map: {CTA: 3}", "is not a dict[str, str]"),
        ("label_map: {no: none}", 'names like "no" and "7" in quotes'),
        ("label_map: {CTA: calltoaction}", "calltoaction is no label"),
    ],
)
def test_a_wrong_configuration_says_what_is_wrong(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(ConfigurationError, match="E502") as raised:
        TrainingConfig.from_yaml(write(tmp_path, text))
    assert named in str(raised.value)


def test_one_file_needs_no_list(tmp_path: Path) -> None:
    config = TrainingConfig.from_yaml(write(tmp_path, "train: mine.csv\ncorrections: ''"))
    assert (config.train, config.corrections) == (["mine.csv"], [])


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


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    config = TrainingConfig().with_values(
        {"train": ["a.csv", "b.csv"], "label_map": {"yes": "denial", "1": "none"}, "learning_rate": 1e-5}
    )
    assert TrainingConfig.from_yaml(write(tmp_path, config.to_yaml())) == config


def command_that_returns(seen: dict[str, Any]) -> typer.Typer:
    @with_config_options
    def command(*, overrides: dict[str, Any], name_of_its_own: str = "") -> None:
        seen.update(overrides)

    app = typer.Typer()
    app.command()(command)
    return app


def examples() -> dict[str, tuple[list[str], Any]]:
    """For each field of the configuration, what is typed, and the value that it means."""
    of_type = {
        str: (["word"], "word"),
        int: (["64"], 64),
        float: (["0.25"], 0.25),
        bool: ([], True),
        list[str]: (["a.csv"], ["a.csv"]),
        dict[str, str]: (["a: denial"], {"a": "denial"}),
        dict[str, float]: (["a: 2.0"], {"a": 2.0}),
    }
    return {name: of_type[wanted] for name, wanted in types().items()}


@pytest.mark.parametrize("name", types())
def test_every_field_is_an_option_of_the_same_name(name: str) -> None:
    typed, meant = examples()[name]
    seen: dict[str, Any] = {}
    done = CliRunner().invoke(command_that_returns(seen), [f"--{name.replace('_', '-')}", *typed])
    assert done.exit_code == 0, done.output
    assert seen == {name: meant}


def test_an_option_that_is_not_given_overrides_nothing() -> None:
    seen: dict[str, Any] = {}
    assert CliRunner().invoke(command_that_returns(seen), []).exit_code == 0
    assert seen == {}


def test_a_label_map_may_be_a_file_or_several_entries(tmp_path: Path) -> None:
    path = write(tmp_path, "CTA: call_to_action\nno: none\n")
    seen: dict[str, Any] = {}
    done = CliRunner().invoke(
        command_that_returns(seen), ["--label-map", str(path), "--label-map", "Attack: accusation"]
    )
    assert done.exit_code == 0, done.output
    assert seen["label_map"] == {"CTA": "call_to_action", "no": "none", "Attack": "accusation"}


@pytest.mark.parametrize(
    ("option", "entry"),
    [
        ("--label-map", "CTA call_to_action"),
        ("--label-map", "CTA: calltoaction"),
        ("--data-sha256", "mine.csv"),
        ("--calibration-weights", "random"),
        ("--calibration-weights", "random: much"),
    ],
)
def test_an_entry_that_maps_nothing_is_refused(option: str, entry: str) -> None:
    done = CliRunner().invoke(command_that_returns({}), [option, entry])
    assert isinstance(done.exception, OptionError)
    assert option[2:].replace("-", "_") in str(done.exception)
