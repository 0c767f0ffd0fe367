"""The training configuration: one dataclass, read from YAML, each field an option as well."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import yaml
from typer import Option

from claimclf.errors import ConfigurationError
from claimclf.labels import LABELS
from training.columns import NONE_NAME, Columns
from training.config_values import checked

if TYPE_CHECKING:
    from collections.abc import Mapping

_ADAPT = Path(__file__).parent / "configs" / "adapt.yaml"


@dataclass(frozen=True)
class TrainingConfig:
    """Everything that decides what a training run makes: data, the model it starts from, how it learns.

    Each field is described where it stands, with its range; file names are relative to the working directory.
    """

    # What the model is called, and what its card says of the data.
    name: Annotated[str, Option(help="The model's name, written into its claimclf.json.")] = "claimclf-en"
    language: Annotated[str, Option(help="BCP 47 tag of the language of the sentences.")] = "en"
    data_statement: Annotated[
        str, Option(help="What the sentences are, who labelled them and how well; for the card.")
    ] = ""

    # The labelled sentences.
    train: Annotated[list[str], Option(help="Labelled sentences to learn from; may be repeated.")] = field(
        default_factory=list
    )
    dev: Annotated[
        str, Option(help="Labelled sentences to report on, never fitted on; without it a part of --train.")
    ] = ""
    dev_fraction: Annotated[
        float, Option(min=0.01, max=0.5, help="Share of the documents of --train that are dev without --dev.")
    ] = 0.2
    validation_fraction: Annotated[
        float,
        Option(min=0.01, max=0.5, help="Share of the other documents that choose epoch and thresholds."),
    ] = 0.1
    held_out: Annotated[
        str,
        Option(
            help="Sentences by id, one a document and file: epoch and thresholds are chosen on their "
            "documents and no others, so on the same ones where data is added or a model is gone on from."
        ),
    ] = ""
    corrections: Annotated[
        list[str],
        Option(
            help="Labels by sentence id: they replace those of --train, and label --unlabelled; may be "
            "repeated, the last file counts."
        ),
    ] = field(default_factory=list)
    unlabelled: Annotated[
        list[str], Option(help="Sentences without labels: those that --corrections labels are learned from.")
    ] = field(default_factory=list)
    taught: Annotated[
        list[str],
        Option(help="Sentences with the scores of teachers, of training.teach, to learn from as well."),
    ] = field(default_factory=list)
    mix: Annotated[
        bool,
        Option("--mix/--no-mix", help="Add as many sentences of the project's own corpus, for old skills."),
    ] = False
    text_column: Annotated[str, Option(help="The column of the sentences; guessed where obvious.")] = ""
    labels_column: Annotated[str, Option(help="The column of the labels; guessed where obvious.")] = ""
    doc_column: Annotated[str, Option(help="The column of the documents; guessed where obvious.")] = ""
    label_map: Annotated[
        dict[str, str], Option(metavar="NAME: LABEL", help='What labels are called, "CTA: call_to_action".')
    ] = field(default_factory=dict)
    data_sha256: Annotated[
        dict[str, str], Option(metavar="FILE: SHA256", help="Of the files above; checked where stated.")
    ] = field(default_factory=dict)

    # The model to start from.
    from_model: Annotated[
        str, Option("--from", "--from-model", help="Go on from this claimclf model: its name or directory.")
    ] = ""
    base_model: Annotated[
        str, Option(help="Or start from this encoder, with new outputs: a hub id or a path.")
    ] = "sentence-transformers/all-MiniLM-L6-v2"
    base_model_name: Annotated[str, Option(help="What the card calls an encoder that is given by path.")] = ""
    base_model_sha256: Annotated[
        str, Option(help="Of the model.safetensors of either; checked where stated.")
    ] = ""
    fresh_pooler: Annotated[
        bool,
        Option(
            "--fresh-pooler/--no-fresh-pooler",
            help="Begin an encoder's pooler as the identity; its own was trained for another task, or none.",
        ),
    ] = True
    window_length: Annotated[
        int, Option(min=8, max=8192, help="Longest input in tokens; longer training sentences are cut.")
    ] = 128
    window_overlap: Annotated[
        int, Option(min=0, max=4096, help="Tokens that neighbouring windows of a long text share.")
    ] = 32

    # How it learns.
    seed: Annotated[int, Option(help="Of weights, order of sentences, dropout and the splits.")] = 13
    epochs: Annotated[int, Option(min=1, max=1000, help="Passes over the training sentences.")] = 4
    batch_size: Annotated[int, Option(min=1, max=4096, help="Sentences a step, over all processes.")] = 32
    learning_rate: Annotated[
        float, Option(min=1e-8, max=1.0, help="Peak of the linear schedule (AdamW).")
    ] = 1e-4
    warmup_fraction: Annotated[
        float, Option(min=0.0, max=1.0, help="Share of the steps in which the learning rate rises.")
    ] = 0.1
    weight_decay: Annotated[float, Option(min=0.0, max=1.0, help="AdamW's.")] = 0.01
    layer_decay: Annotated[
        float, Option(min=0.01, max=1.0, help="Each layer learns this much slower than the one above it.")
    ] = 1.0
    dropout: Annotated[float, Option(min=0.0, max=0.9, help="Of the hidden layers and the classifier.")] = 0.1
    attention_dropout: Annotated[
        float, Option(min=0.0, max=0.9, help="Of attention weights; slow on a CPU, a fifth of the time.")
    ] = 0.0
    label_smoothing: Annotated[
        float, Option(min=0.0, max=0.9, help="How far targets are pulled from 0 and 1 towards 1/4.")
    ] = 0.0
    primary_loss: Annotated[
        float, Option(min=0.0, max=100.0, help="How much it counts which label is the primary one, or none.")
    ] = 0.0
    consistency: Annotated[
        float,
        Option(
            min=0.0, max=100.0, help="How alike two readings under dropout must be (R-Drop); twice the time."
        ),
    ] = 0.0
    average_decay: Annotated[
        float, Option(min=0.0, max=0.99999, help="Of the moving average of weights that is kept; 0: none.")
    ] = 0.998
    averaged_runs: Annotated[
        int,
        Option(
            min=1,
            max=100,
            help="Runs that begin alike, of this seed and the next ones; the mean of their weights "
            "is the model.",
        ),
    ] = 1
    kept_share: Annotated[
        float,
        Option(
            min=0.0,
            max=0.99,
            help="How much of the weights of --from stays in those that are made; a model between the two "
            "forgets less.",
        ),
    ] = 0.0
    perturbed_share: Annotated[
        float,
        Option(
            min=0.0,
            max=1.0,
            help="Share of sentences that get a typo or other marks; with consistency, second readings.",
        ),
    ] = 0.0
    renamed_share: Annotated[
        float,
        Option(
            min=0.0,
            max=1.0,
            help="Share of sentences in which every country is another; with consistency, second readings.",
        ),
    ] = 0.0
    bf16: Annotated[
        bool,
        Option(
            "--bf16/--no-bf16",
            help="Matrix products in bfloat16 (autocast), not float32, on machines that have it.",
        ),
    ] = True

    # How its scores become labels, what int8 may change, and what is measured beside it.
    calibration_weights: Annotated[
        dict[str, float],
        Option(
            metavar="STRATUM: WEIGHT",
            help="How much held-out sentences of a stratum count for temperatures (for thresholds once "
            "each); those of other strata are left out. None: each counts once.",
        ),
    ] = field(default_factory=dict)
    fit_thresholds: Annotated[
        bool,
        Option(
            help="Fit a threshold a label on the held-out sentences; else a label is given that is more "
            "likely than not."
        ),
    ] = True
    allowed_flips: Annotated[
        float,
        Option(min=0.0, max=1.0, help="Largest share of labels that int8 may change; else the run fails."),
    ] = 0.01
    baseline: Annotated[
        bool,
        Option(
            "--baseline/--no-baseline",
            help="Measure a TF-IDF baseline as well; a minute for 100,000 sentences to learn from.",
        ),
    ] = True

    def __post_init__(self) -> None:
        for name, option in options().items():
            value = getattr(self, name)
            if option.min is not None and not option.min <= value <= option.max:
                raise ConfigurationError(
                    f"{name}: {value} is not possible.", f"Use {option.min} to {option.max}."
                )
        if self.window_overlap >= self.window_length - 2:
            raise ConfigurationError(
                f"A window of {self.window_length} tokens cannot overlap by {self.window_overlap}.",
                "Set window_overlap to a quarter of window_length.",
            )
        if not all(weight > 0 for weight in self.calibration_weights.values()):
            raise ConfigurationError("A weight in calibration_weights is not above 0.", "Leave it out.")
        if unknown := set(self.label_map.values()) - {*(label.value for label in LABELS), NONE_NAME}:
            raise ConfigurationError(
                f"label_map: {', '.join(sorted(unknown))} is no label.",
                f"Known: {', '.join(label.value for label in LABELS)}, {NONE_NAME}.",
            )

    @classmethod
    def from_yaml(cls, path: Path) -> TrainingConfig:
        """The configuration in a YAML file: a mapping of field names to values; the rest keep their defaults.

        Raises:
            ConfigurationError: not a mapping, an unknown field (the nearest known one is named), or a value
                of the wrong type or out of range.
        """
        try:
            document = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        except (OSError, ValueError, yaml.YAMLError) as error:
            raise ConfigurationError(f"{path} cannot be read: {error}.", "Give a YAML file.") from error
        if not isinstance(document, dict):
            raise ConfigurationError(f"{path} is not a mapping.", "Write one `field: value` a line.")
        return cls().with_values({str(name): value for name, value in document.items()})

    def with_values(self, values: Mapping[str, Any]) -> TrainingConfig:
        """The same configuration but for some fields.

        Raises:
            ConfigurationError: as `from_yaml`.

        >>> TrainingConfig().with_values({"epochs": 7}).epochs
        7
        """
        known = types()
        return replace(self, **{name: checked(name, value, known) for name, value in values.items()})

    @property
    def columns(self) -> Columns:
        """What the columns and labels of the labelled files are called."""
        return Columns(
            self.text_column or None, self.labels_column or None, self.doc_column or None, self.label_map
        )

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain JSON types."""
        return asdict(self)

    def to_yaml(self) -> str:
        """The fields as YAML that `from_yaml` reads."""
        return yaml.safe_dump(self.to_dict(), sort_keys=False, allow_unicode=True, width=110)


def starting_config(path: Path | None, values: Mapping[str, Any]) -> TrainingConfig:
    """The configuration in a YAML file, but for some fields.

    Without a file, the defaults; those of ``configs/adapt.yaml`` where the fields name a model to go on from.

    Raises:
        ConfigurationError: as `TrainingConfig.from_yaml`.

    >>> starting_config(None, {"from_model": "claimclf-en-small"}).mix
    True
    """
    if path is None and values.get("from_model"):
        path = _ADAPT
    begun = TrainingConfig.from_yaml(path) if path else TrainingConfig()
    return begun.with_values(values)


def options() -> dict[str, Any]:
    """The command line option that describes each field of `TrainingConfig`, by name."""
    return {name: hint.__metadata__[0] for name, hint in _hints().items()}


def types() -> dict[str, Any]:
    """The type of each field of `TrainingConfig`, by name."""
    return {name: hint.__origin__ for name, hint in _hints().items()}


def _hints() -> dict[str, Any]:
    hints = get_type_hints(TrainingConfig, include_extras=True)
    return {member.name: hints[member.name] for member in fields(TrainingConfig)}
