"""claimclf: what does this sentence do? Accuse, deny, call to action, report fact, or none of these.

>>> import claimclf
>>> claimclf.predict("She accused Serbia of buying votes.").label
<Label.ACCUSATION: 'accusation'>
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from claimclf.loading import loading
from claimclf.version import __version__

if TYPE_CHECKING:
    from claimclf.api import predict, predict_document, predict_iter
    from claimclf.classifier import ClaimClassifier
    from claimclf.document import Document, Sentence
    from claimclf.errors import ClaimclfError
    from claimclf.labels import LABELS, Label
    from claimclf.prediction import Prediction, Scores

__all__ = [
    "LABELS",
    "ClaimClassifier",
    "ClaimclfError",
    "Document",
    "Label",
    "Prediction",
    "Scores",
    "Sentence",
    "__version__",
    "predict",
    "predict_document",
    "predict_iter",
]

# Resolved on first use, so that importing the package does no work.
_HOME = {
    "LABELS": "labels",
    "ClaimClassifier": "classifier",
    "ClaimclfError": "errors",
    "Document": "document",
    "Label": "labels",
    "Prediction": "prediction",
    "Scores": "prediction",
    "Sentence": "document",
    "predict": "api",
    "predict_document": "api",
    "predict_iter": "api",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    with loading:
        value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
