from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, Value

from claimclf import Label
from claimclf.errors import LabelledDataError
from training.columns import Columns
from training.data import read_labelled, read_texts
from training.formats import read_records

TEXTS = ("The mayor denied it, and left.", 'She said: "They lie."\nTwice.', "Thank you.")
LABELS = ("denial", "accusation|call_to_action", "none")
EXPECTED = [(Label.DENIAL,), (Label.ACCUSATION, Label.CALL_TO_ACTION), ()]


def write_csv(path: Path, delimiter: str = ",") -> Path:
    import csv

    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "wt", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(("text", "labels", "doc"))
        writer.writerows(zip(TEXTS, LABELS, "aab", strict=True))
    return path


def dataset() -> Dataset:
    return Dataset.from_dict({"text": list(TEXTS), "labels": list(LABELS), "doc": list("aab")})


@pytest.fixture(params=["csv", "tsv", "csv.gz", "jsonl", "parquet", "directory", "split"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The same three sentences in every format."""
    kind = request.param
    path = tmp_path / f"data.{kind}"
    match kind:
        case "csv" | "csv.gz":
            write_csv(path)
        case "tsv":
            write_csv(path, "\t")
        case "jsonl":
            rows = zip(TEXTS, LABELS, "aab", strict=True)
            lines = [{"text": text, "labels": labels, "doc": doc} for text, labels, doc in rows]
            path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
        case "parquet":
            dataset().to_parquet(path)
        case "directory":
            path = tmp_path / "saved"
            dataset().save_to_disk(path)
        case "split":
            path = tmp_path / "splits"
            DatasetDict({"test": dataset()}).save_to_disk(path)
    return str(path)


def test_every_format_gives_the_same_sentences(source: str) -> None:
    rows = read_labelled(source)
    assert [row.text for row in rows] == list(TEXTS)
    assert [row.labels for row in rows] == EXPECTED
    assert [row.doc for row in rows] == ["a", "a", "b"]
    assert list(read_texts(source)) == list(TEXTS)


def test_a_csv_names_the_line_where_a_record_begins(tmp_path: Path) -> None:
    places = [record.place for record in read_records(write_csv(tmp_path / "data.csv"))]
    assert [place.rpartition(" ")[2] for place in places] == ["2", "3", "5"]


def test_class_numbers_of_a_data_set_become_names(tmp_path: Path) -> None:
    features = Features({"text": Value("string"), "label": ClassLabel(names=["denial", "none"])})
    Dataset.from_dict({"text": ["a", "b"], "label": [1, 0]}, features).save_to_disk(tmp_path / "d")
    assert [row.labels for row in read_labelled(tmp_path / "d")] == [(), (Label.DENIAL,)]


def test_one_of_several_splits_must_be_named(tmp_path: Path) -> None:
    DatasetDict({"train": dataset(), "test": dataset()}).save_to_disk(tmp_path / "d")
    with pytest.raises(LabelledDataError, match=r"Choose one with --split: train, test"):
        read_labelled(tmp_path / "d")
    assert len(read_labelled(tmp_path / "d", split="test")) == len(TEXTS)


@pytest.mark.parametrize(
    ("columns", "missing", "option"),
    [
        (Columns(text="sentence"), "'sentence'", "--text-column"),
        (Columns(labels="act"), "'act'", "--labels-column"),
        (Columns(doc="article"), "'article'", "--doc-column"),
    ],
)
def test_a_missing_column_is_named_with_the_option_that_mends_it(
    tmp_path: Path, columns: Columns, missing: str, option: str
) -> None:
    with pytest.raises(LabelledDataError, match=r"line 2: no column") as raised:
        read_labelled(write_csv(tmp_path / "data.csv"), columns)
    for part in (missing, option, "there are: text, labels, doc"):
        assert part in str(raised.value)


def test_columns_of_other_names_are_found_when_named(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("article,quote,act\n7,He left.,factual_report\n", encoding="utf-8")
    (row,) = read_labelled(path, Columns(text="quote", labels="act", doc="article"))
    assert (row.text, row.labels, row.doc) == ("He left.", (Label.FACTUAL_REPORT,), "7")


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.csv", b"text,labels\none,none,surplus\n", "line 2: has not the 2 columns"),
        ("a.csv", b"text,labels\nonly text\n", "line 2: has not the 2 columns"),
        ("a.csv", b'text,labels\n"open,none\n', "cannot be read"),
        ("a.csv", b"text,labels\nx,denail\n", "line 2: unknown label 'denail'. Did you mean denial?"),
        ("a.csv", b"text,labels\n", "holds no sentence"),
        ("a.csv", b"", "holds no sentence"),
        ("a.csv", b"text,labels\n\xff\xfe,none\n", "cannot be read"),
        ("a.jsonl", b'{"text": "x", "labels": "[1"}', "are not a JSON list"),
        ("a.jsonl", b'{"text": "x", "labels": 3}', "neither a list nor text"),
        ("a.jsonl", b"[" * 100_000, "not JSON"),
        ("a.jsonl.gz", b"\x1f\x8b\x08\x00 truncated", "cannot be read"),
        ("a.parquet", b"PAR1 no parquet", "cannot be read"),
        ("a.docx", b"PK", "unknown format '.docx'"),
    ],
)
def test_a_broken_file_is_an_error_that_says_where(
    tmp_path: Path, name: str, content: bytes, problem: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(LabelledDataError) as raised:
        read_labelled(tmp_path / name)
    assert problem in str(raised.value)
    assert str(tmp_path / name) in str(raised.value)


@pytest.mark.parametrize("source", ["nowhere.csv", "nowhere.parquet"])
def test_a_file_that_is_not_there_is_an_error(tmp_path: Path, source: str) -> None:
    with pytest.raises(LabelledDataError, match="cannot be read"):
        read_labelled(tmp_path / source)


def test_a_hub_id_that_cannot_be_reached_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: Any) -> None:
        raise ConnectionError("no network")

    monkeypatch.setattr("datasets.load_dataset", unreachable)
    with pytest.raises(LabelledDataError, match="cannot be loaded as a data set"):
        read_labelled("somebody/claims")
