"""What ``claimclf.json`` says: a model's name, window, calibration, provenance and every file's sha256."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from claimclf.decision import Calibration, Temperature
from claimclf.labels import LABELS

if TYPE_CHECKING:
    from collections.abc import Mapping

_FORMAT = 1


@dataclass(frozen=True)
class Window:
    """How a long text is read: in windows of ``length`` tokens, ``overlap`` of them shared with the last."""

    length: int
    overlap: int


@dataclass(frozen=True)
class Metadata:
    """What ``claimclf.json`` says besides the hashes.

    Attributes:
        name: the model's name.
        language: BCP 47 tag of the language it reads.
        window: the longest input, in tokens, and how longer texts are cut.
        calibration: temperatures and thresholds.
        provenance: base model, data hashes, configuration, versions and measured figures, as JSON.
    """

    name: str
    language: str
    window: Window
    calibration: Calibration
    provenance: Mapping[str, Any]


def written(metadata: Metadata, sha256: Mapping[str, str]) -> str:
    """The text of ``claimclf.json``.

    Args:
        metadata: what it says.
        sha256: hex digests of the model's other files, by path in its directory.
    """
    document = {
        "format": _FORMAT,
        "labels": [label.value for label in LABELS],
        **asdict(metadata),
        "sha256": dict(sha256),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def parsed(text: str) -> tuple[Metadata, dict[str, str]]:
    """What the text of a ``claimclf.json`` says, and the sha256 of the other files, as `written` takes them.

    Raises:
        ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError: it is no such text.
    """
    document = json.loads(text)
    _expect(document, "format", _FORMAT)
    _expect(document, "labels", [label.value for label in LABELS])
    metadata = Metadata(
        name=str(document["name"]),
        language=str(document["language"]),
        window=_window(document["window"]),
        calibration=_calibration(document["calibration"]),
        provenance=dict(document["provenance"]),
    )
    return metadata, {_inside(name): str(digest) for name, digest in document["sha256"].items()}


def _expect(document: Mapping[str, Any], field: str, value: Any) -> None:
    if document[field] != value:
        raise ValueError(f"{field} is {document[field]!r}, not {value!r}")


def _window(document: Mapping[str, Any]) -> Window:
    window = Window(length=int(document["length"]), overlap=int(document["overlap"]))
    smallest = 2  # [CLS] and [SEP] surround the tokens of every window
    if not 0 <= window.overlap < window.length - smallest:
        raise ValueError(f"a window of {window.length} tokens cannot overlap by {window.overlap}")
    return window


def _calibration(document: Mapping[str, Any]) -> Calibration:
    calibration = Calibration(
        temperatures=tuple(_temperature(t) for t in document["temperatures"]),
        thresholds=tuple(float(t) for t in document["thresholds"]),
        none_temperature=_temperature(document["none_temperature"]),
    )
    if not len(calibration.temperatures) == len(calibration.thresholds) == len(LABELS):
        raise ValueError("one temperature and one threshold a label are needed")
    if not all(0 < t < 1 for t in calibration.thresholds):
        raise ValueError("a threshold is not between 0 and 1")
    return calibration


def _temperature(value: Any) -> Temperature:
    below, above = value if isinstance(value, list) else (value, value)
    temperature = Temperature(float(below), float(above))
    if not all(0 < t < float("inf") for t in temperature):
        raise ValueError("a temperature is not a positive number")
    return temperature


def _inside(name: str) -> str:
    parts = PurePosixPath(name)
    if not parts.parts or parts.is_absolute() or ".." in parts.parts or set(name) & set("\\:\0"):
        raise ValueError(f"{name!r} is not a path inside the model directory")
    return name
