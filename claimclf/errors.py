"""Every error a user can meet: a code to search for, what went wrong, and the cure."""

from __future__ import annotations

from numbers import Number
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path


class ClaimclfError(Exception):
    """The base of all errors raised on purpose by claimclf.

    The message reads ``[code] problem cure``. Subclasses also derive from the built-in exception that
    fits, so ``except TypeError`` and ``except FileNotFoundError`` work as expected.
    """

    code: ClassVar[str] = "E000"

    def __init__(self, problem: str, cure: str) -> None:
        super().__init__(f"[{self.code}] {problem} {cure}")

    def __reduce__(self) -> tuple[object, ...]:
        return _restored, (type(self), self.args, self.__dict__)


# --- what is passed to predict ---


class NotAStringError(ClaimclfError, TypeError):
    """One of the texts is not a string."""

    code = "E101"

    def __init__(self, value: object, position: int) -> None:
        super().__init__(
            f"Text {position} is not a string but {_kind(value)}.",
            'Pass strings only; give "" where there is no text.',
        )
        self.position = position


class NotTextsError(ClaimclfError, TypeError):
    """The argument is neither a string nor a sequence of strings."""

    code = "E102"

    def __init__(self, value: object, cure: str) -> None:
        super().__init__(f"Expected a string or a sequence of strings, not {_kind(value)}.", cure)


# --- options ---


class OptionError(ClaimclfError, ValueError):
    """An option has a value it cannot have."""

    code = "E201"

    def __init__(self, option: str, value: object, allowed: str) -> None:
        super().__init__(f"{option}={value!r} is not possible.", f"Use {allowed}.")


class MissingExtraError(ClaimclfError, ImportError):
    """A feature needs packages that a plain install does not bring."""

    code = "E202"

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(
            f"{feature} needs packages that are not installed.", f"Run: pip install 'claimclf[{extra}]'"
        )


# --- the model directory ---


class ModelNotFoundError(ClaimclfError, FileNotFoundError):
    """There is no model of that name and no model directory at that path."""

    code = "E301"

    def __init__(self, model: object, shipped: Iterable[str]) -> None:
        super().__init__(
            f"No model directory at {str(model)!r} (a folder that holds claimclf.json).",
            f"Check the path, or name a shipped model: {', '.join(shipped)}.",
        )


class ModelFileMissingError(ClaimclfError, FileNotFoundError):
    """A file that the model's claimclf.json lists, or that loading needs, is not there."""

    code = "E302"

    def __init__(self, path: Path) -> None:
        super().__init__(f"The model file {path} is missing.", _COPY_AGAIN)


class ModelFileAlteredError(ClaimclfError, ValueError):
    """A model file does not have the sha256 that claimclf.json states."""

    code = "E303"

    def __init__(self, path: Path) -> None:
        super().__init__(f"The model file {path} is truncated or altered: its sha256 differs.", _COPY_AGAIN)


class UnsafeModelFileError(ClaimclfError, ValueError):
    """A model directory holds what no model needs and what could do harm when it is loaded."""

    code = "E304"

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(
            f"The model directory holds {path}, {problem}.",
            "Remove it, or get the model elsewhere; claimclf reads only safetensors, ONNX and JSON.",
        )


class ModelMetadataError(ClaimclfError, ValueError):
    """claimclf.json cannot be read, or does not describe a model."""

    code = "E305"

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}.", f"{_COPY_AGAIN} A newer format needs a newer claimclf.")


class UnusableModelError(ClaimclfError, ValueError):
    """A model's files are what claimclf.json says, but they cannot be run, or give no numbers."""

    code = "E307"

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(
            f"{path} cannot be used: {problem}.", "Export the model again with training, or get another."
        )


class OutputExistsError(ClaimclfError, FileExistsError):
    """The output path is already taken."""

    code = "E306"

    def __init__(self, path: Path, cure: str = "Remove it or choose another path.") -> None:
        super().__init__(f"{path} exists already.", cure)


# --- files ---


class UnreadableFileError(ClaimclfError, OSError):
    """An input file is not there, or is not text."""

    code = "E401"

    def __init__(self, path: Path, problem: str, cure: str) -> None:
        super().__init__(f"{path}: {problem}.", cure)
        self.problem, self.cure = problem, cure


class UnwritableFileError(ClaimclfError, OSError):
    """An output file cannot be made or written where it should be."""

    code = "E409"

    def __init__(self, path: Path, problem: str, cure: str) -> None:
        super().__init__(f"{path} cannot be written: {problem}.", cure)


class DiskFullError(ClaimclfError, OSError):
    """There is no space left to write what must be written."""

    code = "E402"

    def __init__(self, path: Path, cure: str) -> None:
        super().__init__(f"{path}: no space is left on the disk.", cure)


class ColumnError(ClaimclfError, LookupError):
    """No column of a table holds the texts, or not the one that was named."""

    code = "E403"

    def __init__(self, place: str, asked: str | None, present: Sequence[str], nearest: str | None) -> None:
        there = ", ".join(map(repr, present)) or "none"
        if asked is None:
            problem = f"{place}: which column holds the texts is not obvious; there are {there}."
            cure = f"Name it: --text-column {_quoted(present[0]) if present else 'NAME'}"
        else:
            problem = f"{place}: no column is called {asked!r}; there are {there}."
            cure = f"Did you mean --text-column {_quoted(nearest)}?" if nearest else "Name one of these."
        super().__init__(problem, cure)


class ColumnClashError(ClaimclfError, ValueError):
    """A column of the input is called like one of those that are added."""

    code = "E404"

    def __init__(self, place: str, column: str) -> None:
        super().__init__(
            f"{place}: there is a column {column!r} already, and one of that name would be added.",
            "Give the new ones another beginning: --prefix claimclf_",
        )


class BadRowError(ClaimclfError, ValueError):
    """A row cannot be used, and rows that cannot be used were not to be skipped."""

    code = "E405"

    def __init__(self, file: str, line: int, problem: str, cure: str) -> None:
        super().__init__(f"{file}, line {line}: the row {problem}.", cure)


class ColumnTypeError(ClaimclfError, TypeError):
    """A column holds values of several kinds, which Parquet cannot hold."""

    code = "E406"

    def __init__(self, problem: str) -> None:
        super().__init__(f"A column cannot be written as Parquet ({problem}).", "Use -o with .jsonl or .csv.")
        self.problem = problem


class JournalError(ClaimclfError, ValueError):
    """A run that was stopped cannot be gone on with."""

    code = "E407"

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(
            f"{path}: {problem}.", "Begin anew: with --force and without --resume, or with another -o."
        )


class OtherModelError(ClaimclfError, ValueError):
    """Results were made by another model, or another version of the library, than the one at hand."""

    code = "E408"

    def __init__(self, place: str, made_by: object, at_hand: str) -> None:
        super().__init__(
            f"{place}: these results carry the receipt {made_by!r}, not {at_hand!r}.",
            "Name the model that made them with --model, and use the same version of claimclf.",
        )


class LabelledDataError(ClaimclfError, ValueError):
    """A file of labelled sentences cannot be used as it is."""

    code = "E501"

    def __init__(self, place: str, problem: str, cure: str) -> None:
        super().__init__(f"{place}: {problem}.", cure)


class ConfigurationError(ClaimclfError, ValueError):
    """A training configuration names an unknown field or holds an impossible value."""

    code = "E502"


class ExportDisagreesError(ClaimclfError, RuntimeError):
    """The exported int8 model gives other labels than the float model, too often to ship."""

    code = "E503"

    def __init__(self, flips: int, sentences: int, allowed: float) -> None:
        super().__init__(
            f"The int8 model labels {flips} of {sentences} sentences differently from the float model "
            f"({flips / sentences:.2%}; {100 * allowed:g}% is allowed).",
            "Train longer or at a lower learning rate, or --resume with a higher --allowed-flips.",
        )


class BaselineUnavailableError(ClaimclfError, RuntimeError):
    """A baseline cannot be made from what was given."""

    code = "E504"

    def __init__(self, baseline: str, problem: str) -> None:
        super().__init__(f"The baseline {baseline!r} cannot be made: {problem}.", "Or leave it out.")


_COPY_AGAIN = "Copy or download the model directory again."


def _restored(kind: type[ClaimclfError], args: tuple[str], state: dict[str, object]) -> ClaimclfError:
    """An error as it was before it was pickled; its message is composed already."""
    error = kind.__new__(kind)
    Exception.__init__(error, *args)
    error.__dict__.update(state)
    return error


def _quoted(name: str) -> str:
    return f"'{name}'" if " " in name else name


def _kind(value: object) -> str:
    if value is None:
        return "None"
    if isinstance(value, Number) and str(value).lower().endswith("nan"):
        return f"NaN ({type(value).__name__})"
    return f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
