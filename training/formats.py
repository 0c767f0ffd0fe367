"""Files of sentences, in every format they come in, as records that know where they stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from claimclf.errors import LabelledDataError, UnreadableFileError
from claimclf.tables.rows import BadRow
from claimclf.tables.workbooks import worksheet_rows
from training.annotation_exports import plain_records
from training.text_files import delimited, json_lines, json_records, not_utf8, unique_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from datasets import Dataset

_TEXT_FILES: dict[str, Callable[[Path], Iterator[tuple[str, dict[str, Any]]]]] = {
    ".jsonl": json_lines,
    ".json": json_records,
    ".csv": lambda path: delimited(path, None),
    ".tsv": lambda path: delimited(path, "\t"),
    ".txt": lambda path: delimited(path, "\t"),
}
_KNOWN = ".csv, .tsv, .jsonl, .json (plain or .gz), .xlsx, .parquet, a `datasets` directory or a hub id"


@dataclass(frozen=True)
class Record:
    """One line of a file.

    Attributes:
        place: where it stands, for messages: ``dev.csv, line 3``.
        fields: its columns by name.
        submitted: False for an item of an annotation tool that nobody has labelled.
    """

    place: str
    fields: Mapping[str, Any]
    submitted: bool = True


def read_records(source: str | Path, *, split: str | None = None) -> Iterator[Record]:
    """The records of a file or a `datasets` directory, one after another.

    Exports of annotation tools become plain records, see `training.annotation_exports`.

    Args:
        source: a ``.csv``, ``.tsv``, ``.jsonl`` or ``.json`` file (UTF-8, or UTF-16 with a byte order mark;
            plain or gzipped), a ``.txt`` file with tabs (Excel's "Unicode text"), an ``.xlsx`` or
            ``.parquet`` file, a directory that `datasets` saved or can load, or the id of a data set on the
            hub.
        split: which split of a data set that has several.

    Raises:
        LabelledDataError: the file cannot be read, or a line is not a record; the error names the line.
    """
    return plain_records(_records(source, split))


def _records(source: str | Path, split: str | None) -> Iterator[Record]:
    path = Path(source)
    kind = path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix
    try:
        if path.is_dir() or not (path.exists() or path.suffix):
            yield from _dataset_records(str(source), split)
        elif kind.lower() in _TEXT_FILES:
            yield from (Record(*row) for row in _TEXT_FILES[kind.lower()](path))
        elif path.suffix.lower() == ".parquet":
            yield from _parquet_records(path)
        elif path.suffix.lower() in (".xlsx", ".xlsm", ".xls"):
            yield from _worksheet_records(path)
        else:
            raise LabelledDataError(str(path), f"of an unknown format {path.suffix!r}", f"Give {_KNOWN}.")
    except UnicodeDecodeError as error:
        raise not_utf8(path) from error
    except UnreadableFileError as error:
        raise LabelledDataError(str(path), error.problem, error.cure) from error
    except (OSError, EOFError) as error:
        raise LabelledDataError(str(path), f"cannot be read ({error})", "Give a whole file.") from error


def _worksheet_records(path: Path) -> Iterator[Record]:
    for row in worksheet_rows(str(path)):
        place = f"{path}, row {row.line}"
        if isinstance(row, BadRow):
            raise LabelledDataError(place, f"the row {row.problem}", "Mend it, or take it out.")
        yield Record(place, row.fields)


def _parquet_records(path: Path) -> Iterator[Record]:
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

    try:
        file = ParquetFile(path)
        unique_names(file.schema_arrow.names, str(path))
        number = 0
        for batch in file.iter_batches():
            for fields in batch.to_pylist():
                number += 1
                yield Record(f"{path}, row {number}", fields)
    except pa.ArrowException as error:
        raise LabelledDataError(str(path), f"cannot be read ({error})", "Write it again.") from error


def _dataset_records(source: str, split: str | None) -> Iterator[Record]:
    dataset = _dataset(source, split)
    decode = {name: _names_of(feature) for name, feature in dataset.features.items()}
    for number, fields in enumerate(dataset, 1):
        yield Record(f"{source}, row {number}", {name: decode[name](value) for name, value in fields.items()})


def _dataset(source: str, split: str | None) -> Dataset:
    from datasets import Dataset, load_dataset, load_from_disk
    from datasets.exceptions import DatasetGenerationError
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    saved = any((Path(source) / name).exists() for name in ("state.json", "dataset_dict.json"))
    try:
        loaded = load_from_disk(source) if saved else load_dataset(source)
    except (
        OSError,
        ValueError,
        RuntimeError,
        DatasetGenerationError,
        HfHubHTTPError,
        HFValidationError,
    ) as error:
        raise LabelledDataError(source, f"cannot be loaded as a data set ({error})", f"Give {_KNOWN}.") from (
            error
        )
    if isinstance(loaded, Dataset):
        return loaded
    if split is None and len(loaded) == 1:
        return next(iter(loaded.values()))
    if split not in loaded:
        known = ", ".join(loaded)
        raise LabelledDataError(source, f"has the splits {known}", f"Choose one with --split: {known}.")
    return loaded[split]


def _names_of(feature: Any) -> Any:
    """What turns the class numbers of a `datasets` feature back to names."""
    from datasets import ClassLabel

    inner = getattr(feature, "feature", feature)
    if not isinstance(inner, ClassLabel):
        return lambda value: value

    def names(value: Any) -> Any:
        if isinstance(value, Iterable):
            return [inner.int2str(number) for number in value]
        return None if value is None or value < 0 else inner.int2str(value)

    return names
