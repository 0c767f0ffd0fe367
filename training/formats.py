"""Files of sentences, in every format they come in, as records that know where they stand."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from claimclf.errors import LabelledDataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from datasets import Dataset

_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_KNOWN = ".jsonl, .csv, .tsv (plain or .gz), .parquet, a `datasets` directory or a hub id"


@dataclass(frozen=True)
class Record:
    """One line of a file.

    Attributes:
        place: where it stands, for messages: ``dev.csv, line 3``.
        fields: its columns by name.
    """

    place: str
    fields: Mapping[str, Any]


def read_records(source: str | Path, *, split: str | None = None) -> Iterator[Record]:
    """The records of a file or a `datasets` directory, one after another.

    Args:
        source: a ``.jsonl``, ``.csv`` or ``.tsv`` file (UTF-8, plain or gzipped), a ``.parquet`` file, a
            directory that `datasets` saved or can load, or the id of a data set on the hub.
        split: which split of a data set that has several.

    Raises:
        LabelledDataError: the file cannot be read, or a line is not a record; the error names the line.
    """
    path = Path(source)
    kind = path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix
    try:
        if path.is_dir() or not (path.exists() or path.suffix):
            yield from _dataset_records(str(source), split)
        elif kind == ".parquet":
            yield from _parquet_records(path)
        elif kind == ".jsonl":
            yield from _text_records(path, _json_lines)
        elif kind in _DELIMITERS:
            yield from _text_records(path, lambda file: _delimited(file, path, _DELIMITERS[kind]))
        else:
            raise LabelledDataError(str(path), f"of an unknown format {path.suffix!r}", f"Give {_KNOWN}.")
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise LabelledDataError(
            str(path), f"cannot be read ({error})", "Give a whole, UTF-8 encoded file."
        ) from error


def _text_records(path: Path, parse: Any) -> Iterator[Record]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8-sig", newline="") as file:
        for number, fields in parse(file):
            place = f"{path}, line {number}"
            if isinstance(fields, ValueError):
                raise LabelledDataError(place, f"not JSON ({fields})", "Write one JSON object a line.")
            if not isinstance(fields, dict):
                raise LabelledDataError(
                    place, "not a JSON object", 'Write {"text": "…", "labels": ["denial"]}.'
                )
            yield Record(place, fields)


def _json_lines(file: TextIO) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(file, 1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except (ValueError, RecursionError) as error:
                yield number, ValueError(error)


def _delimited(file: TextIO, path: Path, delimiter: str) -> Iterator[tuple[int, dict[str, Any]]]:
    csv.field_size_limit(1 << 30)
    reader = csv.DictReader(file, delimiter=delimiter, strict=True)
    line = 2
    for fields in reader:
        if None in fields or None in fields.values():
            raise LabelledDataError(
                f"{path}, line {line}",
                f"has not the {len(reader.fieldnames or ())} columns of the header",
                f"Put cells that hold {delimiter!r} or a line break in double quotes.",
            )
        yield line, fields
        line = reader.line_num + 1


def _parquet_records(path: Path) -> Iterator[Record]:
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

    try:
        number = 0
        for batch in ParquetFile(path).iter_batches():
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
