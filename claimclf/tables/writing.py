"""Where labelled rows go: csv, JSON Lines or Parquet, appended so that a run that was stopped can go on.

What is written last may be torn when a process is killed. `Output.commit` says how far the output is whole; a
run that goes on cuts off what is behind that and writes the same bytes as if it had never been stopped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from claimclf.errors import OptionError
from claimclf.tables.parquet_output import ParquetOutput, sealed
from claimclf.tables.text_outputs import CsvOutput, JsonLinesOutput

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pyarrow as pa

    from claimclf.prediction import Prediction

ENDINGS = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")


class Output(Protocol):
    """Takes labelled rows, which map the names of columns to values.

    Attributes:
        rows_a_commit: how many rows are best written at once.
    """

    rows_a_commit: int

    @staticmethod
    def predicted(prediction: Prediction) -> dict[str, Any]:
        """A prediction as columns, in the form that suits the format."""
        ...

    def problem(self, row: dict[str, Any]) -> str | None:
        """Why a row cannot be written after those before it; None where it can."""
        ...

    def begin(self, row: dict[str, Any]) -> None:
        """Makes the columns of this row, but not the row; for an output that gets no rows."""
        ...

    def write(self, rows: Sequence[dict[str, Any]]) -> None:
        """Appends rows that have no problem.

        Raises:
            ColumnTypeError: a column holds values of several kinds, here or in what was written before,
                which the format cannot hold.
        """
        ...

    def commit(self) -> int:
        """Brings everything to the disk; how much is whole now, to be given to `open_output` later."""
        ...

    def abandon(self, whole: int) -> None:
        """Closes the output after a failure and cuts off what is not whole."""
        ...

    def finish(self, path: Path) -> None:
        """Puts the whole output where it belongs.

        Whenever this is interrupted, an output opened again with all that was committed can finish.
        """
        ...


def check_ending(path: Path) -> None:
    """Says which formats there are.

    Raises:
        OptionError: the ending of the name is none of theirs.
    """
    if path.suffix.lower() not in ENDINGS:
        raise OptionError("output", path.name, f"a name that ends in {', '.join(ENDINGS)}")


def open_output(path: Path, whole: int, *, schema: pa.Schema | None = None) -> Output:
    """Opens what will be an output, by its ending; what goes beyond ``whole`` is cut off.

    Args:
        path: of the unfinished output; its ending says the format.
        whole: what `Output.commit` returned last; 0 begins anew.
        schema: types of columns, for Parquet, where the input states them.

    Raises:
        OptionError: the ending is not known.
        MissingExtraError: Parquet without pyarrow.
        JournalError: not all of what should be whole is there.
    """
    check_ending(path)
    match path.suffix.lower():
        case ".csv":
            return CsvOutput(path, whole, ",")
        case ".tsv":
            return CsvOutput(path, whole, "\t")
        case ".parquet":
            return ParquetOutput(path, whole, schema)
        case _:
            return JsonLinesOutput(path, whole)


def is_left(path: Path) -> bool:
    """Whether any of an unfinished output is there, which `Output.finish` moves away in its last step."""
    return path.exists() or sealed(path).exists()
