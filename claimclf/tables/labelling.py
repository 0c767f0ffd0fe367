"""From rows that were read to rows that hold what their texts do."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from claimclf.errors import BadRowError, ColumnClashError
from claimclf.tables.columns import is_usual, text_column
from claimclf.tables.rows import BadRow, Row
from claimclf.tables.text_outputs import json_line, storable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from claimclf.classifier import ClaimClassifier
    from claimclf.document import Document
    from claimclf.prediction import Prediction
    from claimclf.tables.reading import Source

_MEND = "Mend it, or take it out."


@dataclass
class Labeller:
    """Labels rows with one classifier.

    Attributes:
        classifier: what labels them.
        predicted: a prediction as columns.
        text_column: which column holds the texts; None for the usual names.
        documents: split each text into sentences, a row each.
        name_files: add a column ``file``.
        prefix: before the names of the columns that are added.
        warn: told what the person should know of a file whose texts were found by a guess.
    """

    classifier: ClaimClassifier
    predicted: Callable[[Prediction], dict[str, Any]]
    text_column: str | None = None
    documents: bool = False
    name_files: bool = False
    prefix: str = ""
    warn: Callable[[str], None] = lambda _: None
    _columns: dict[str, str] = field(default_factory=dict, repr=False)

    def usable(self, row: Row | BadRow) -> Row | BadRow:
        """The row, or why it cannot be labelled.

        Raises:
            ColumnError: no column of the file holds texts.
        """
        return row if isinstance(row, BadRow) else _checked(row, self._column(row))

    def text(self, row: Row) -> str:
        """The text of a row that is usable, as it is written: what is labelled can be labelled again."""
        return storable(row.fields[self._column(row)])

    def sentences(self, rows: Sequence[Row]) -> list[tuple[Prediction, str]]:
        """What the texts of usable rows do, or their sentences with ``documents``."""
        texts = [self.text(row) for row in rows]
        if self.documents:
            documents = self.classifier.predict_documents(texts)
            return [(sentence.prediction, sentence.text) for document in documents for sentence in document]
        return list(zip(self.classifier.predict(texts), texts, strict=True))

    def label(self, rows: Sequence[Row]) -> list[list[dict[str, Any]]]:
        """For each row that is usable, the rows to write: one, or with ``documents`` one a sentence.

        Raises:
            ColumnClashError: a column is called like one of those that are added.
        """
        texts = [self.text(row) for row in rows]
        if self.documents:
            documents = self.classifier.predict_documents(texts)
            return [self._sentences(row, document) for row, document in zip(rows, documents, strict=True)]
        predictions = self.classifier.predict(texts)
        return [
            [self._with(row, self.predicted(prediction))]
            for row, prediction in zip(rows, predictions, strict=True)
        ]

    def example(self, file: str, columns: Sequence[str]) -> dict[str, Any]:
        """A row to write for a file with these columns, for those of an output without rows.

        Raises:
            ColumnError: none of them holds texts.
            ColumnClashError: one of them is called like one of those that are added.
        """
        row = Row(file, 1, dict.fromkeys(columns))
        row.fields[self._column(row)] = "Yes."
        return self.label([row])[0][0]

    def _sentences(self, row: Row, document: Document) -> list[dict[str, Any]]:
        return [
            self._with(
                row,
                {
                    "paragraph": sentence.paragraph + 1,
                    "sentence_number": number,
                    "start": sentence.start,
                    "end": sentence.end,
                    **self.predicted(sentence.prediction),
                },
                {self._column(row): sentence.text},
            )
            for number, sentence in enumerate(document, 1)
        ]

    def _with(
        self, row: Row, added: dict[str, Any], changed: Mapping[str, Any] = MappingProxyType({})
    ) -> dict[str, Any]:
        if self.name_files:
            added = {"file": row.file, **added}
        named = {f"{self.prefix}{name}": value for name, value in added.items()}
        clash = sorted(named.keys() & row.fields.keys())
        if clash:
            raise ColumnClashError(row.file, clash[0])
        return {**row.fields, **changed, **named}

    def _column(self, row: Row) -> str:
        if row.file not in self._columns:
            self._columns[row.file] = _text_column(row, self.text_column, self.warn)
        return self._columns[row.file]


def texts_of(
    source: Source,
    column: str | None,
    *,
    cure: str = _MEND,
    origin: str | None = None,
    warn: Callable[[str], None] = lambda _: None,
) -> Iterator[tuple[Row, str]]:
    """The rows of a source and their texts, all of which must be usable, as files hold them.

    Args:
        source: to be read.
        column: which holds the texts; None for the usual names.
        cure: what to do about a row that cannot be used.
        origin: the column that names the table a row is from, where there are several: each has its own
            column of texts, and those that only others have are empty in its rows.
        warn: as of a `Labeller`.

    Raises:
        ColumnError: none does.
        BadRowError: a row cannot be used.
    """
    columns: dict[str, str] = {}
    for row in source:
        checked, name = row, ""
        if isinstance(row, Row):
            table = row.fields.get(origin) if origin is not None else None
            if str(table) not in columns:
                columns[str(table)] = (
                    _text_column(row, column, warn)
                    if table is None
                    else text_column([n for n, v in row.fields.items() if v is not None], column, row.file)
                )
            name = columns[str(table)]
            checked = _checked(row, name)
        if isinstance(checked, BadRow):
            raise BadRowError(checked.file, checked.line, checked.problem, cure)
        yield checked, storable(checked.fields[name])


def _text_column(row: Row, asked: str | None, warn: Callable[[str], None]) -> str:
    """See `text_column`; a table that was not read as its author meant it may have one column, too."""
    name = text_column(row.columns or tuple(row.fields), asked, row.file)
    if asked is None and not is_usual(name):
        warn(
            f"{row.file}: the only column is taken for the texts. If {name!r} is its name, say so with "
            "--text-column; if that is a text, write a line above it that names the column; if these are "
            "several columns, a line that says what stands between them, such as sep=|"
        )
    return name


def _checked(row: Row, column: str) -> Row | BadRow:
    """The row, or why its column holds no text."""
    value = row.fields.get(column)
    if isinstance(value, str):
        return row
    if column not in row.fields:
        problem = f"has no column {column!r}"
    else:
        problem = (
            f"holds {'nothing' if value is None else f'no text but {type(value).__name__}'} in {column!r}"
        )
    return BadRow(row.file, row.line, problem, json_line(row.fields))
