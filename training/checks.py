"""What is wrong or thin in labelled sentences that can be read all the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console

from claimclf.labels import LABELS
from training.columns import NONE_NAME
from training.data import also_in, counts, duplicates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from training.data import LabelledSentence


@dataclass(frozen=True)
class Place:
    """Where a finding stands.

    Attributes:
        at: file and line.
        beside: file and line of the other of a pair.
        detail: what is there, such as the labels that contradict each other; never a sentence.
    """

    at: str
    beside: str | None = None
    detail: str | None = None


@dataclass(frozen=True)
class Finding:
    """Something a user should know of: a code to search for, what and where it is, and the cure.

    Attributes:
        code: ``E...`` for an error, which training would stop at, ``W...`` for a warning.
        problem: what is wrong, and how often.
        cure: what to do about it.
        places: all the places where it is so; none where it is so of the data as a whole.
    """

    code: str
    problem: str
    cure: str
    places: tuple[Place, ...] = ()

    @property
    def is_error(self) -> bool:
        """Whether training would stop at it."""
        return self.code.startswith("E")

    def __str__(self) -> str:
        return f"[{self.code}] {self.problem} {self.cure}"


def check_test_set(
    name: str, rows: Sequence[LabelledSentence], train: Sequence[LabelledSentence] = ()
) -> list[Finding]:
    """What makes figures measured on some sentences less than they seem.

    Args:
        name: what to call the sentences.
        rows: the sentences that are measured on.
        train: those that were learned from, where known.
    """
    found = counts(rows)
    present = [label for label, sentences in found.items() if sentences]
    findings = []
    if len(present) == 1:
        findings.append(
            Finding(
                "W501",
                f"{name}: all {len(rows)} sentences are {present[0]}.",
                "Precision and macro-F1 say nothing here; add sentences of the other labels, and of none.",
            )
        )
    elif absent := [label.value for label in LABELS if not found[label.value]]:
        findings.append(
            Finding(
                "W502",
                f"{name}: no sentence has the primary label {' or '.join(absent)}.",
                "Its recall is undefined and macro-F1 counts its F1 as 0; add sentences of that label.",
            )
        )
    if len(present) > 1 and not found[NONE_NAME]:
        findings.append(
            Finding(
                "W503",
                f"{name}: every sentence has a label.",
                "Labels given where there is none are not counted; add sentences with no label.",
            )
        )
    findings += check_repetitions(name, rows)
    if leaked := also_in(rows, train):
        findings.append(
            Finding(
                "W505",
                f"{name}: {len(leaked)} of {len(rows)} sentences were learned from, first {leaked[0].place}.",
                "Measure without them: the figures flatter.",
                _beside_the_first(leaked, train),
            )
        )
    return findings


def check_repetitions(name: str, rows: Sequence[LabelledSentence]) -> list[Finding]:
    """Which sentences stand in a sample more than once, up to case, spacing and punctuation."""
    repeated = duplicates(rows)
    if not repeated:
        return []
    return [
        Finding(
            "W504",
            f"{name}: {len(repeated)} sentences stand in it more than once, first {repeated[0].place}.",
            "They count as often as they stand there; take the repetitions out.",
            _beside_the_first(repeated, rows),
        )
    ]


def _beside_the_first(
    rows: Sequence[LabelledSentence], others: Sequence[LabelledSentence]
) -> tuple[Place, ...]:
    """Each sentence beside the first of the others that reads the same."""
    first = {other.key: other.place for other in reversed(others)}
    return tuple(Place(row.place, first[row.key]) for row in rows)


def warn(findings: Sequence[Finding]) -> None:
    """Prints the findings on standard error."""
    console = Console(stderr=True, soft_wrap=True)
    for finding in findings:
        console.print(str(finding), style="yellow", markup=False, highlight=False)
