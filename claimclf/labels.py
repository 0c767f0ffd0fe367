"""The four acts a sentence can do, in the order every model, table and file uses."""

from __future__ import annotations

from enum import Enum


class Label(str, Enum):
    """What a sentence does. A member equals its own string.

    The definitions are those of the codebook (``training/CODEBOOK.md``); nothing else defines a label.

    >>> Label("denial") is Label.DENIAL, Label.DENIAL == "denial"
    (True, True)
    >>> Label.CALL_TO_ACTION.definition
    'urges somebody, or reports someone urging somebody, to do or stop something'
    """

    ACCUSATION = "accusation"
    DENIAL = "denial"
    CALL_TO_ACTION = "call_to_action"
    FACTUAL_REPORT = "factual_report"

    def __str__(self) -> str:
        return self.value

    @property
    def definition(self) -> str:
        """One line: what a sentence with this label does."""
        return _DEFINITIONS[self]


LABELS: tuple[Label, ...] = tuple(Label)

_DEFINITIONS = {
    Label.ACCUSATION: "says, or reports someone saying, that a party did, does or plans something wrong",
    Label.DENIAL: "rejects, or reports someone rejecting, an allegation, claim or responsibility as untrue",
    Label.CALL_TO_ACTION: "urges somebody, or reports someone urging somebody, to do or stop something",
    Label.FACTUAL_REPORT: "reports an event, act, decision or figure, and does none of the three above",
}
