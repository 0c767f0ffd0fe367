"""The training configuration: one dataclass, read from YAML."""

from __future__ import annotations

import difflib
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

import yaml

from claimclf.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class TrainingConfig:
    """Everything that decides what a training run makes, apart from the data and the base model.

    Attributes:
        name: the model's name, written into its ``claimclf.json``.
        language: BCP 47 tag of the language of the sentences.
        data_statement: what the labelled sentences are, who labelled them and how well; for the card.
        base_model: the encoder to start from, a hub id.
        base_model_sha256: of its ``model.safetensors``; checked when not empty.
        seed: of weights, order of sentences, dropout and the split.
        validation_fraction: share of the training documents held out to choose the epoch and to fit
            temperatures and thresholds; in (0, 1).
        window_length: longest input in tokens; longer training sentences are truncated to it.
        window_overlap: tokens that neighbouring windows of a long text share when predicting.
        epochs: passes over the training sentences.
        batch_size: sentences a step.
        learning_rate: peak of the linear schedule (AdamW).
        warmup_fraction: share of the steps in which the learning rate rises to its peak.
        weight_decay: AdamW's.
        layer_decay: each layer learns this much slower than the one above it; 1 for all alike.
        dropout: of the hidden layers and the classifier.
        label_smoothing: how far targets are pulled from 0 and 1 towards 1/4, as far as 1.
        average_decay: of the exponential moving average of the weights, a step; the average is what is
            evaluated and exported. 0 turns averaging off.
        perturbed_share: share of the training sentences that get a typo or other marks, see
            `training.augmentation`.
        renamed_share: share of them in which every country is replaced by another.
        bf16: compute matrix products in bfloat16 (autocast) instead of float32.
        calibration_weights: by stratum, how much a held-out sentence counts when temperatures are fitted (for
            thresholds each counts once); sentences of other strata are left out of both. Empty: every
            sentence counts once.
        allowed_flips: the largest share of sentences whose label int8 may change; above it the run fails.
    """

    name: str = "claimclf-en"
    language: str = "en"
    data_statement: str = ""
    base_model: str = "sentence-transformers/all-MiniLM-L6-v2"
    base_model_sha256: str = ""
    seed: int = 13
    validation_fraction: float = 0.1
    window_length: int = 128
    window_overlap: int = 32
    epochs: int = 4
    batch_size: int = 32
    learning_rate: float = 1e-4
    warmup_fraction: float = 0.1
    weight_decay: float = 0.01
    layer_decay: float = 1.0
    dropout: float = 0.1
    label_smoothing: float = 0.0
    average_decay: float = 0.998
    perturbed_share: float = 0.0
    renamed_share: float = 0.0
    bf16: bool = True
    calibration_weights: dict[str, float] = field(default_factory=dict)
    allowed_flips: float = 0.01

    def __post_init__(self) -> None:
        if self.window_overlap >= self.window_length - 2:
            raise ConfigurationError(
                f"A window of {self.window_length} tokens cannot overlap by {self.window_overlap}.",
                "Set window_overlap to a quarter of window_length.",
            )
        if not all(isinstance(w, (int, float)) and w > 0 for w in self.calibration_weights.values()):
            raise ConfigurationError("A weight in calibration_weights is not above 0.", "Leave it out.")
        for name, low, high in _RANGES:
            if not low <= getattr(self, name) <= high:
                raise ConfigurationError(
                    f"{name}: {getattr(self, name)} is not possible.", f"Use {low} to {high}."
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
        return cls(**{str(name): _checked(str(name), value) for name, value in document.items()})

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain JSON types."""
        return asdict(self)


_RANGES = (
    ("validation_fraction", 0.01, 0.5),
    ("window_length", 8, 512),
    ("window_overlap", 0, 256),
    ("epochs", 1, 1000),
    ("batch_size", 1, 4096),
    ("learning_rate", 1e-8, 1.0),
    ("warmup_fraction", 0.0, 1.0),
    ("weight_decay", 0.0, 1.0),
    ("layer_decay", 0.01, 1.0),
    ("dropout", 0.0, 0.9),
    ("label_smoothing", 0.0, 0.9),
    ("average_decay", 0.0, 0.99999),
    ("perturbed_share", 0.0, 1.0),
    ("renamed_share", 0.0, 1.0),
    ("allowed_flips", 0.0, 1.0),
)

_TYPES: dict[str, type | tuple[type, ...]] = {
    "str": str,
    "int": int,
    "float": (int, float),
    "bool": bool,
    "dict[str, float]": dict,
}


def _checked(name: str, value: Any) -> Any:
    types = {field.name: str(field.type) for field in fields(TrainingConfig)}
    if name not in types:
        nearest = difflib.get_close_matches(name, types, n=1)
        hint = f"Did you mean {nearest[0]}?" if nearest else f"Known: {', '.join(types)}."
        raise ConfigurationError(f"There is no field {name!r}.", hint)
    if not isinstance(value, _TYPES[types[name]]) or (isinstance(value, bool) and types[name] != "bool"):
        raise ConfigurationError(
            f"{name}: {value!r} is not a {types[name]}.", "YAML wants numbers like 0.0001 or 1.0e-4."
        )
    return value
