"""Prediction: what the classifier says about one sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from claimclf.labels import LABELS, Label

SCHEMA_VERSION = 1


@dataclass(frozen=True, eq=False)
class Scores(Mapping[Label, float]):
    """An immutable mapping from each label to its calibrated probability, in label order.

    >>> scores = Scores((0.9, 0.1, 0.0, 0.2))
    >>> scores[Label.ACCUSATION], scores["denial"], len(scores)
    (0.9, 0.1, 4)
    """

    values_in_order: tuple[float, ...]

    def __getitem__(self, label: Label) -> float:
        try:
            return self.values_in_order[LABELS.index(label)]
        except ValueError:
            raise KeyError(label) from None

    def __iter__(self) -> Iterator[Label]:
        return iter(LABELS)

    def __len__(self) -> int:
        return len(LABELS)

    def __hash__(self) -> int:
        return hash(self.values_in_order)

    def __repr__(self) -> str:
        return "{" + ", ".join(f"{label}: {score:.3f}" for label, score in self.items()) + "}"


@dataclass(frozen=True)
class Prediction:
    """What one sentence does.

    Attributes:
        label: the primary act, or None where the sentence does none of the four.
        confidence: calibrated probability, in [0, 1], of ``label`` (of "none of the four" when it is None).
        scores: calibrated probability, in [0, 1], of each label on its own. They need not sum to one: a
            sentence may accuse and call at once.
        labels: every act whose score passes its tuned threshold, strongest first; ``()`` for none.
            ``factual_report`` stands alone, as in the codebook. With ``allow_none=False`` a label that had
            to be forced stands here too, though its score is below its threshold.
        receipt: what said so: the library's version and the beginning of the model's fingerprint,
            ``0.1.0:f8ecae6714b4aad5``; empty where no model of a directory did.

    >>> p = Prediction(Label.DENIAL, 0.9, Scores((0.1, 0.9, 0.0, 0.1)), (Label.DENIAL,))
    >>> p
    Prediction(denial 0.90)
    >>> p.to_dict()["scores"]["denial"]
    0.9
    """

    label: Label | None
    confidence: float
    scores: Scores
    labels: tuple[Label, ...]
    receipt: str = field(default="", compare=False)

    def to_dict(self) -> dict[str, Any]:
        """The prediction as plain JSON types, valid under `json_schema`."""
        return {
            "schema_version": SCHEMA_VERSION,
            "label": self.label and self.label.value,
            "confidence": self.confidence,
            "scores": {label.value: score for label, score in self.scores.items()},
            "labels": [label.value for label in self.labels],
            "receipt": self.receipt,
        }

    @staticmethod
    def json_schema() -> dict[str, Any]:
        """The JSON Schema (2020-12) of `to_dict`; a change of shape changes ``schema_version``."""
        probability = {"type": "number", "minimum": 0, "maximum": 1}
        names = [label.value for label in LABELS]
        properties = {
            "schema_version": {"const": SCHEMA_VERSION},
            "label": {"enum": [*names, None]},
            "confidence": probability,
            "scores": _closed_object(dict.fromkeys(names, probability)),
            "labels": {"type": "array", "items": {"enum": names}, "uniqueItems": True},
            "receipt": {"type": "string"},
        }
        return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_closed_object(properties)}

    def __repr__(self) -> str:
        also = "".join(f" + {label}" for label in self.labels if label is not self.label)
        return f"Prediction({self.label or 'none'} {self.confidence:.2f}{also})"


def _closed_object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
