from __future__ import annotations

import csv
import datetime as dt
import gzip
import json
import re
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, Value
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from claimclf import Label
from claimclf.errors import LabelledDataError
from training.columns import Columns
from training.data import read_labelled, read_texts
from training.formats import read_records

TEXTS = ("The mayor denied it, and left.", 'She said: "They lie."\nTwice.', "Thank you.")
LABELS = ("denial", "accusation|call_to_action", "none")
EXPECTED = [(Label.DENIAL,), (Label.ACCUSATION, Label.CALL_TO_ACTION), ()]


def write_csv(path: Path, delimiter: str = ",", encoding: str = "utf-8") -> Path:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "wt", encoding=encoding, newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(("text", "labels", "doc"))
        writer.writerows(zip(TEXTS, LABELS, "aab", strict=True))
    return path


def write_xlsx(path: Path, *rows: tuple[Any, ...]) -> Path:
    book = Workbook()
    for number, row in enumerate(rows, 1):
        for column, value in enumerate(row, 1):
            cell = book.active.cell(number, column, value)
            if isinstance(value, str) and value.startswith("="):
                cell.data_type = "s"
    book.create_sheet("notes").append(["not", "read"])
    book.save(path)
    return path


def dataset() -> Dataset:
    return Dataset.from_dict({"text": list(TEXTS), "labels": list(LABELS), "doc": list("aab")})


DELIMITER_AND_ENCODING = {
    "csv": (",", "utf-8"),
    "csv.gz": (",", "utf-8"),
    "CSV": (",", "utf-8"),
    "bom.csv": (",", "utf-8-sig"),
    "semicolon.csv": (";", "utf-8"),
    "tsv": ("\t", "utf-8"),
    "tab.csv": ("\t", "utf-8"),
    "utf-16.csv": ("\t", "utf-16"),
    "txt": ("\t", "utf-16"),
}


@pytest.fixture(
    params=[
        *DELIMITER_AND_ENCODING,
        "jsonl",
        "lines.json",
        "json",
        "json.gz",
        "xlsx",
        "parquet",
        "directory",
        "split",
    ]
)
def source(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The same three sentences in every format."""
    kind = request.param
    path = tmp_path / f"data.{kind}"
    records = [
        {"text": text, "labels": labels, "doc": doc}
        for text, labels, doc in zip(TEXTS, LABELS, "aab", strict=True)
    ]
    match kind:
        case "jsonl" | "lines.json":
            path.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
        case "json":
            path.write_text("\ufeff" + json.dumps(records, indent=1), encoding="utf-8")
        case "json.gz":
            path.write_bytes(gzip.compress(json.dumps(records).encode()))
        case "xlsx":
            write_xlsx(path, tuple(records[0]), *(tuple(record.values()) for record in records))
        case "parquet":
            dataset().to_parquet(path)
        case "directory":
            dataset().save_to_disk(path)
        case "split":
            DatasetDict({"test": dataset()}).save_to_disk(path)
        case _:
            write_csv(path, *DELIMITER_AND_ENCODING[kind])
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


def test_rows_of_blank_cells_are_skipped_and_counted(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,labels\n,\nHe left.,none\n\n,\n", encoding="utf-8")
    assert [record.place for record in read_records(tmp_path / "a.csv")] == [f"{tmp_path}/a.csv, line 3"]


def test_a_row_below_a_blank_line_names_its_own(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,labels\n\nHe left.,none\n\n\nHe lied.,none\n", encoding="utf-8")
    assert [record.place[-1] for record in read_records(tmp_path / "a.csv")] == ["3", "6"]


@pytest.mark.parametrize(
    ("name", "above"),
    [("a.csv", "\n\n"), ("a.csv", "sep=;\n,,\n"), ("a.csv", ";\n\n"), ("a.tsv", "\nsep=;\n")],
)
def test_what_stands_above_a_header_is_no_record(tmp_path: Path, name: str, above: str) -> None:
    (tmp_path / name).write_text(f"{above}text;labels\nHe left, and lied.;none\n", encoding="utf-8")
    (record,) = read_records(tmp_path / name)
    assert record.fields == {"text": "He left, and lied.", "labels": "none"}
    assert record.place == f"{tmp_path / name}, line {above.count(chr(10)) + 2}"


@pytest.mark.parametrize("above", ["\n", " \r\n\n"])
def test_a_json_file_may_begin_with_blank_lines(tmp_path: Path, above: str) -> None:
    for content in (
        '{"text": "He left."}\n{"text": "He lied."}\n',
        '[{"text": "He left."}, {"text": "He lied."}]',
    ):
        (tmp_path / "a.json").write_text(above + content, encoding="utf-8")
        assert list(read_texts(tmp_path / "a.json")) == ["He left.", "He lied."]


def test_a_header_that_holds_two_delimiters_is_read_with_commas(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('text,"labels; all",doc;no\n"A, b",denial,7\n', encoding="utf-8")
    (record,) = read_records(tmp_path / "a.csv")
    assert record.fields == {"text": "A, b", "labels; all": "denial", "doc;no": "7"}


def test_a_worksheet_is_read_from_its_header_with_plain_values(tmp_path: Path) -> None:
    day = dt.datetime(2024, 3, 1)
    path = write_xlsx(
        tmp_path / "a.xlsx",
        (None, None, None, None),
        (" text ", "doc", None, "when"),
        (None, None, None, None),
        ("He left.", 7.0, "under no name", day),
        ("=She stayed.", 7.5, None),
    )
    first, second = read_records(path)
    assert (first.place, second.place) == (f"{path}, row 4", f"{path}, row 5")
    assert first.fields == {"text": "He left.", "doc": 7, "": "under no name", "when": "2024-03-01T00:00:00"}
    assert second.fields == {"text": "=She stayed.", "doc": 7.5, "": None, "when": None}


def test_a_row_of_a_worksheet_that_cannot_be_used_is_an_error(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", ("text",), ("He left.",), ("She left.", "a note"))
    with pytest.raises(LabelledDataError, match=r"a\.xlsx, row 3: the row .* in B3"):
        list(read_records(path))


def test_parquet_with_two_columns_of_one_name_is_an_error(tmp_path: Path) -> None:
    pq.write_table(pa.table([["He left."], ["denial"]], names=["text", "text"]), tmp_path / "a.parquet")
    with pytest.raises(LabelledDataError, match=r"a\.parquet: two columns are called 'text'"):
        list(read_records(tmp_path / "a.parquet"))


def test_of_a_formula_the_computed_value_is_read(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", ("text", "labels"), ("He left.", "denial"))
    inside = "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(tmp_path / "b.xlsx", "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == inside:
                formula = b'<c r="B2" t="str"><f>LOWER("DENIAL")</f><v>denial</v></c>'
                content, found = re.subn(rb'<c r="B2".*?</c>', formula, content)
                assert found
            new.writestr(name, content)
    (row,) = read_labelled(tmp_path / "b.xlsx")
    assert row.labels == (Label.DENIAL,)


def test_numbers_in_label_cells_are_names_of_the_label_map(tmp_path: Path) -> None:
    path = write_xlsx(
        tmp_path / "a.xlsx", ("text", "code"), ("He lied.", 1), ("He left.", 4.0), ("Hm.", None)
    )
    rows = read_labelled(path, Columns(label_map={"1": "accusation", "4": "factual_report"}))
    assert [row.labels for row in rows] == [(Label.ACCUSATION,), (Label.FACTUAL_REPORT,), ()]


def test_dates_in_label_cells_are_unknown_labels(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", ("text", "label"), ("He left.", dt.date(2024, 3, 1)))
    with pytest.raises(LabelledDataError, match=r"a\.xlsx, row 2: unknown label '2024-03-01"):
        read_labelled(path)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip))
@settings(max_examples=60, deadline=None)
def test_any_text_comes_back_from_every_format(text: str) -> None:
    with TemporaryDirectory() as folder:
        base = Path(folder) / "a"
        for suffix, delimiter in ((".csv", ","), (".csv", ";"), (".tsv", "\t")):
            with base.with_suffix(suffix).open("w", encoding="utf-8", newline="") as file:
                csv.writer(file, delimiter=delimiter).writerows((("text", "doc"), (text, "d")))
            assert [record.fields["text"] for record in read_records(base.with_suffix(suffix))] == [text]
        line = json.dumps({"text": text, "doc": "d"}, ensure_ascii=False)
        base.with_suffix(".jsonl").write_text(line, encoding="utf-8")
        base.with_suffix(".json").write_text(f"[{line}]", encoding="utf-8")
        Dataset.from_dict({"text": [text]}).to_parquet(base.with_suffix(".parquet"))
        for suffix in (".jsonl", ".json", ".parquet"):
            assert [record.fields["text"] for record in read_records(base.with_suffix(suffix))] == [text]


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), min_size=1).filter(str.strip))
@settings(max_examples=60, deadline=None)
def test_any_text_without_control_characters_comes_back_from_a_worksheet(text: str) -> None:
    with TemporaryDirectory() as folder:
        path = write_xlsx(Path(folder) / "a.xlsx", ("text", "doc"), (text, "d"))
        assert [record.fields["text"] for record in read_records(path)] == [text]


@given(
    st.binary(max_size=200), st.sampled_from([".csv", ".tsv", ".txt", ".jsonl", ".json", ".xlsx", ".parquet"])
)
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_read_or_an_error_of_ours(content: bytes, suffix: str) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"a{suffix}"
        path.write_bytes(content)
        problem = str(path)
        try:
            list(read_records(path))
        except LabelledDataError as error:
            problem = str(error)
        assert str(path) in problem


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
        ("a.csv", b'text,labels\n\n"open,none\n', "line 3: cannot be read (unexpected end"),
        ("a.csv", b'"text,labels\n', "line 1: cannot be read (unexpected end"),
        (
            "a.tsv",
            b'text\tlabels\n"He lied," she said.\taccusation\n',
            "line 2: cannot be read ('\t' expected",
        ),
        ("a.tsv", b'text\tlabels\n"He lied," she said.\taccusation\n', '"""He lied,"" she said."'),
        ("a.csv", b"\ntext,labels,labels\n", "line 2: two columns are called 'labels'"),
        ("a.csv", b"text,labels\nx,denail\n", "line 2: unknown label 'denail'. Did you mean denial?"),
        ("a.csv", b"text,labels\n", "holds no sentence"),
        ("a.csv", b"", "holds no sentence"),
        ("a.csv", b"text,labels\n\xff\xfe,none\n", "cannot be read"),
        ("a.jsonl", b'{"text": "x", "labels": "[1"}', "are not a JSON list"),
        ("a.csv", b"text,label.responses\nNo.,[nan]\n", "line 2: what should be a list of answers is none"),
        ("a.jsonl", b'{"text": "x", "label.responses": 5}', "line 1: no column"),
        ("a.jsonl", b'{"text": "x", "labels": 3}', "unknown label 3. Known: accusation"),
        ("a.jsonl", b'{"text": "x", "labels": true}', "neither a list nor text"),
        ("a.json", b'[{"text": "x", "labels": []}, 3]', "record 2: not a JSON object"),
        ("a.json", b'[{"text": "x"', "not JSON"),
        ("a.json", b'{"text": {"0": "x"}}', "no text"),
        ("a.csv", b"text,labels,labels\nx,none,none\n", "line 1: two columns are called 'labels'"),
        ("a.csv", "text,labels\nIt\u2019s late.,none\n".encode("cp1252"), "it is probably cp1252"),
        ("a.csv", "text,labels\nIt\u2019s late.,none\n".encode("mac-roman"), "it is probably mac-roman"),
        ("a.csv", "text,labels\nHe left.,none\n".encode("utf-16-le"), "it is probably utf-16-le"),
        ("a.jsonl", '{"text": "He left.", "labels": []}'.encode("utf-16-be"), "it is probably utf-16-be"),
        ("a.xlsx", b"PK no workbook", "cannot be read as .xlsx"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0 secret", "has a password. Open it in Excel"),
        ("a.xls", b"\xd0\xcf\x11\xe0 old", "an Excel file of the old kind"),
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
