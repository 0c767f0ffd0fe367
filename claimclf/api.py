"""The three functions of the package: the methods of one shared classifier, loaded on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

from claimclf.classifier import ClaimClassifier
from claimclf.loading import loading

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from claimclf.document import Document
    from claimclf.prediction import Prediction

_classifier: ClaimClassifier | None = None


def default_classifier() -> ClaimClassifier:
    """The shipped model on the onnx backend; loaded once, even when many threads ask at once.

    A process that forks meanwhile waits, and the child has it, too.
    """
    global _classifier  # noqa: PLW0603 - the one cache of this module
    with loading:
        if _classifier is None:
            _classifier = ClaimClassifier.from_pretrained()
        return _classifier


@overload
def predict(  # type: ignore[overload-overlap]  # a str is a Sequence[str], and one text all the same
    texts: str, *, allow_none: bool = True
) -> Prediction: ...


@overload
def predict(texts: Sequence[str], *, allow_none: bool = True) -> list[Prediction]: ...


def predict(texts: str | Sequence[str], *, allow_none: bool = True) -> Prediction | list[Prediction]:
    """Labels one sentence, or each sentence of a sequence, with the shipped model.

    See `ClaimClassifier.predict`.

    >>> [p.label.value for p in predict(["The court will sit on Monday.", "Stop the shelling now!"])]
    ['factual_report', 'call_to_action']
    """
    return default_classifier().predict(texts, allow_none=allow_none)


def predict_iter(texts: Iterable[str], *, allow_none: bool = True) -> Iterator[Prediction]:
    """Labels the texts of an iterator one after another, in bounded memory, with the shipped model.

    See `ClaimClassifier.predict_iter`.

    >>> next(predict_iter(line for line in ["He denied it."])).label
    <Label.DENIAL: 'denial'>
    """
    return default_classifier().predict_iter(texts, allow_none=allow_none)


def predict_document(text: str, *, allow_none: bool = True) -> Document:
    """Splits a text into sentences and labels each, with the shipped model.

    See `ClaimClassifier.predict_document`.

    >>> predict_document("She accused him of fraud. He denied it.")
    Document(2 sentences, 39 characters)
    """
    return default_classifier().predict_document(text, allow_none=allow_none)
