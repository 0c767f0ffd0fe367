"""Document: a text, its sentences, and what each of them does."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from numbers import Real
from typing import TYPE_CHECKING, Any

from claimclf.errors import MissingExtraError, OptionError
from claimclf.labels import LABELS, Label
from claimclf.prediction import SCHEMA_VERSION, Prediction

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd


@dataclass(frozen=True)
class Sentence:
    """One sentence of a document.

    Attributes:
        start, end: character offsets into the document's text, end exclusive.
        text: ``document.text[start:end]``.
        prediction: what the sentence does.
        paragraph: the paragraph it stands in, from 0.
    """

    start: int
    end: int
    text: str
    prediction: Prediction
    paragraph: int = 0

    def to_dict(self) -> dict[str, Any]:
        """The sentence as plain JSON types."""
        return {
            "paragraph": self.paragraph,
            "start": self.start,
            "end": self.end,
            "text": self.text,
            **self.prediction.to_dict(),
        }


@dataclass(frozen=True)
class Document:
    """A text and its labelled sentences, in reading order. Iterating over it gives the sentences.

    Attributes:
        text: the text as given.
        sentences: its sentences; they do not overlap, and between them is only white space.

    >>> from claimclf import predict_document
    >>> document = predict_document("She accused him of fraud. He denied it.")
    >>> [sentence.text for sentence in document.filter("denial")]
    ['He denied it.']
    >>> document.counts()[Label.ACCUSATION], len(document), len(document.paragraphs)
    (1, 2, 1)
    """

    text: str
    sentences: tuple[Sentence, ...]

    @property
    def paragraphs(self) -> tuple[tuple[Sentence, ...], ...]:
        """The sentences, paragraph by paragraph."""
        by_paragraph = groupby(self.sentences, key=lambda sentence: sentence.paragraph)
        return tuple(tuple(sentences) for _, sentences in by_paragraph)

    def counts(self) -> dict[Label | None, int]:
        """How many sentences have each label as their primary one; None: those that do none of the four."""
        counted = Counter(sentence.prediction.label for sentence in self.sentences)
        return {label: counted[label] for label in (*LABELS, None)}

    def filter(self, label: Label | str | None, *, min_score: float = 0.0) -> tuple[Sentence, ...]:
        """The sentences that do this, alone or among others; those that do none of the four for None.

        Args:
            label: what they do.
            min_score: the least score of that label, a probability, that counts; of None, the confidence.
                Fewer are found, and more of these rightly: the model's card says how many.

        Raises:
            OptionError: there is no such label, or the score is not a number in [0, 1].
        """
        if label is not None and label not in LABELS:
            raise OptionError("label", label, f"{', '.join(LABELS)}, or None")
        if not isinstance(min_score, (float, Real)) or not 0 <= min_score <= 1:
            raise OptionError("min_score", min_score, "a probability, from 0 to 1")
        return tuple(sentence for sentence in self.sentences if _does(sentence.prediction, label, min_score))

    def to_dict(self) -> dict[str, Any]:
        """The document as plain JSON types, valid under `json_schema`."""
        return {
            "schema_version": SCHEMA_VERSION,
            "text": self.text,
            "sentences": self.to_dicts(),
        }

    def to_dicts(self) -> list[dict[str, Any]]:
        """The sentences as plain JSON types, one dictionary each."""
        return [sentence.to_dict() for sentence in self.sentences]

    def to_frame(self) -> pd.DataFrame:
        """The sentences as a pandas table, a row each.

        Columns: paragraph, start, end, text, label (None for none of the four), confidence, labels (a list),
        and the score of each label. Those of numbers are numeric, also without rows.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise MissingExtraError("A pandas table", "tables") from error
        rows = [
            {
                **{name: value for name, value in row.items() if name not in ("schema_version", "scores")},
                **row["scores"],
            }
            for row in self.to_dicts()
        ]
        columns = ["paragraph", "start", "end", "text", "label", "confidence", "labels", *LABELS]
        frame = pd.DataFrame(rows, columns=columns)
        # pandas 3 would make a column of strings of it, whose None is NaN.
        frame["label"] = pd.Series([row["label"] for row in rows], dtype=object)
        integers = dict.fromkeys(("paragraph", "start", "end"), "int64")
        return frame.astype(integers | dict.fromkeys(("confidence", *LABELS), "float64"))

    def to_html(self, title: str = "claimclf") -> str:
        """The page of ``claimclf report``: one self-contained file, with filters and keyboard correction."""
        from claimclf.highlight import Article, page

        return page([Article(title, self)], title)

    def _repr_html_(self) -> str:
        from claimclf.highlight import fragment

        return fragment(self)

    @staticmethod
    def json_schema() -> dict[str, Any]:
        """The JSON Schema (2020-12) of `to_dict`; a change of shape changes ``schema_version``."""
        prediction = Prediction.json_schema()
        offset = {"type": "integer", "minimum": 0}
        place = {"paragraph": offset, "start": offset, "end": offset, "text": {"type": "string"}}
        properties = {**place, **prediction["properties"]}
        sentence = {**prediction, "properties": properties, "required": list(properties)}
        del sentence["$schema"]
        return {
            "$schema": prediction["$schema"],
            "type": "object",
            "properties": {
                "schema_version": {"const": SCHEMA_VERSION},
                "text": {"type": "string"},
                "sentences": {"type": "array", "items": sentence},
            },
            "required": ["schema_version", "text", "sentences"],
            "additionalProperties": False,
        }

    def __iter__(self) -> Iterator[Sentence]:
        return iter(self.sentences)

    def __len__(self) -> int:
        return len(self.sentences)

    def __repr__(self) -> str:
        return f"Document({len(self.sentences)} sentences, {len(self.text)} characters)"


def _does(prediction: Prediction, label: Label | str | None, min_score: float) -> bool:
    if label is None:
        return prediction.label is None and prediction.confidence >= min_score
    return label in prediction.labels and prediction.scores[Label(label)] >= min_score
