"""Document: a text, its sentences, and what each of them does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from claimclf.prediction import SCHEMA_VERSION

if TYPE_CHECKING:
    from claimclf.prediction import Prediction


@dataclass(frozen=True)
class Sentence:
    """One sentence of a document.

    Attributes:
        start, end: character offsets into the document's text, end exclusive.
        text: ``document.text[start:end]``.
        prediction: what the sentence does.
    """

    start: int
    end: int
    text: str
    prediction: Prediction

    def to_dict(self) -> dict[str, Any]:
        """The sentence as plain JSON types."""
        return {"start": self.start, "end": self.end, "text": self.text, **self.prediction.to_dict()}


@dataclass(frozen=True)
class Document:
    """A text and its labelled sentences, in reading order.

    Attributes:
        text: the text as given.
        sentences: its sentences; they do not overlap, and between them is only white space.
    """

    text: str
    sentences: tuple[Sentence, ...]

    def to_dict(self) -> dict[str, Any]:
        """The document as plain JSON types."""
        return {
            "schema_version": SCHEMA_VERSION,
            "text": self.text,
            "sentences": [sentence.to_dict() for sentence in self.sentences],
        }

    def __repr__(self) -> str:
        return f"Document({len(self.sentences)} sentences, {len(self.text)} characters)"
