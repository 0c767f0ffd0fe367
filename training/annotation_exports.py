"""Exports of annotation tools, recognised by the shape of their records and read as they come.

A record becomes a plain one: the fields of the item, and for each question a cell with what people answered.
What nobody submitted (skipped, rejected, discarded, a draft, not yet labelled) says nothing about a sentence,
least of all "none of the four": such records are marked and left out of labelled data. An answer that was
submitted with nothing chosen does mean none. Where a tool writes one record an answer, the records of one
item are put together, so that the form of the export does not matter.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from claimclf.errors import LabelledDataError
from training.annotation_tools import Answer, Judgements, as_answer, is_asked

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Sequence

    from training.formats import Record

_NOTHING_CHOSEN = Judgements(([],))


def plain_records(records: Iterable[Record]) -> Iterator[Record]:
    """Records of annotation tools as plain ones; all others pass through as they are.

    Records that must be put together come last, at the place of the first of them.

    Raises:
        LabelledDataError: what should be a list of answers is none; the error names the line.
    """
    groups: dict[Hashable, list[tuple[Record, Answer]]] = {}
    for record in records:
        try:
            answer = as_answer(record.fields)
        except ValueError as error:
            problem = f"what should be a list of answers is none ({error})"
            raise LabelledDataError(record.place, problem, 'Write ["denial"], or nothing.') from error
        if answer is None:
            yield record
        elif answer.item is None:
            yield _plain(record, answer)
        else:
            groups.setdefault(answer.item, []).append((record, answer))
    whole = [(group[0][0], _together([answer for _, answer in group])) for group in groups.values()]
    blank: dict[str, Judgements | None] = {}
    for _, answer in whole:
        blank |= {name: _NOTHING_CHOSEN if is_asked(cell) else None for name, cell in answer.fields.items()}
    for first, answer in whole:
        yield _plain(
            first, replace(answer, fields={**blank, **answer.fields}) if answer.submitted else answer
        )


def _plain(record: Record, answer: Answer) -> Record:
    return replace(record, fields=answer.fields, submitted=answer.submitted)


def _together(answers: Sequence[Answer]) -> Answer:
    """The answers about one item as one."""
    submitted = [answer for answer in answers if answer.submitted]
    if not submitted:
        return answers[0]
    rows = [answer.fields for answer in _added_up(submitted)]
    names = dict.fromkeys(name for row in rows for name in row)
    omits = answers[0].omits_blanks
    return Answer(
        {name: _one_cell([row.get(name, []) for row in rows if name in row or omits]) for name in names}
    )


def _one_cell(cells: Sequence[Any]) -> Any:
    """What rows have in common; where they differ, the judgements of all."""
    if not any(isinstance(cell, Judgements) for cell in cells):
        return cells[0] if all(cell == cells[0] for cell in cells) else Judgements(tuple(cells), asked=False)
    return Judgements(tuple(one for cell in cells if isinstance(cell, Judgements) for one in cell.cells))


def _added_up(answers: Sequence[Answer]) -> list[Answer]:
    """The answers, those of one annotator to yes-or-no questions as a single one."""
    whole = [answer for answer in answers if answer.annotator is None]
    binary: dict[Hashable, list[Answer]] = {}
    for answer in answers:
        if answer.annotator is not None:
            binary.setdefault(answer.annotator, []).append(answer)
    for parts in binary.values():
        labels = [label for part in parts for cell in part.fields["label"].cells for label in cell]
        whole.append(Answer({**parts[0].fields, "label": Judgements((list(dict.fromkeys(labels)),))}))
    return whole
