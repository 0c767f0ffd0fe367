"""What is written can be read back, or is refused where it stands."""

from __future__ import annotations

import csv
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from claimclf import errors
from claimclf.tables.job import Job
from claimclf.tables.parquet_output import ParquetOutput
from claimclf.tables.reading import open_sources

BIG = 2**60 + 1  # not a float


@pytest.fixture
def label(tiny, tmp_path, monkeypatch):
    """Labels objects, two a part, into a file of that ending."""
    monkeypatch.setattr(ParquetOutput, "rows_a_commit", 2)

    def _label(rows, ending, **options):
        source = tmp_path / "in.jsonl"
        source.write_text("".join(json.dumps({"text": "Kesh left.", **row}) + "\n" for row in rows))
        output = tmp_path / f"out{ending}"
        Job(open_sources([str(source)]), tiny, output).run(**options)
        return output

    return _label


CELLS = ["a\rb", "a\nb", "a\r\nb", "\r", 'a"\rb', "a,b\tc", "plain"]


@pytest.mark.parametrize(("ending", "delimiter"), [(".csv", ","), (".tsv", "\t")])
def test_line_ends_in_cells_are_read_back(label, ending, delimiter):
    output = label([{"note\r": cell} for cell in CELLS], ending)
    with output.open(encoding="utf-8", newline="") as file:
        read = list(csv.DictReader(file, delimiter=delimiter))
    assert [row["note\r"] for row in read] == CELLS
    (source,) = open_sources([str(output)])
    assert [row.fields["note"] for row in source] == CELLS


def test_lines_end_in_a_bare_newline_and_plain_cells_are_not_quoted(label):
    content = label([{"note": "plain"}], ".csv").read_bytes()
    assert content.startswith(b"text,note,label,")
    assert b"\nKesh left.,plain," in content
    assert b"\r" not in content


@pytest.mark.parametrize(("ending", "nothing"), [(".jsonl", None), (".csv", "nan")])
def test_what_is_no_number_is_null_in_json(label, ending, nothing):
    rows = [{"n": float("nan"), "list": [1.5, {"a": float("inf")}]}, {"n": -float("inf"), "list": []}]
    (source,) = open_sources([str(label(rows, ending))])
    first, second = [row.fields for row in source]
    assert first["n"] == nothing
    lists = [row["list"] if ending == ".jsonl" else json.loads(row["list"]) for row in (first, second)]
    assert lists == [[1.5, {"a": None}], []]


@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
def test_bytes_are_text_in_every_format_of_text(tiny, tmp_path, ending):
    pq.write_table(pa.table({"text": ["Kesh left."], "key": [b"a\xc3\xa9\xff"]}), tmp_path / "in.parquet")
    output = tmp_path / f"out{ending}"
    Job(open_sources([str(tmp_path / "in.parquet")]), tiny, output).run()
    (source,) = open_sources([str(output)])
    (row,) = source
    assert row.fields["key"] == "aé\N{REPLACEMENT CHARACTER}"


def test_parquet_has_null_for_an_empty_object(label):
    rows = [{"meta": {}, "list": [{}, {"a": {}}]}, {"meta": {}, "list": []}, {"meta": {"a": 1}}]
    read = pq.read_table(label(rows, ".parquet")).to_pylist()
    assert [row["meta"] for row in read] == [None, None, {"a": 1}]
    assert [row["list"] for row in read] == [[None, {"a": None}], [], None]


def test_parquet_takes_a_column_that_comes_after_many_parts(label):
    read = pq.read_table(label([*({} for _ in range(40)), {"late": "x"}], ".parquet"))
    assert read["late"].to_pylist() == [*[None] * 40, "x"]


def test_parquet_takes_types_that_widen(label):
    rows = [{"n": None}, {}, {"n": 1, "o": {"a": 1}}, {}, {"n": 1.5, "o": {"b": [1]}}]
    read = pq.read_table(label(rows, ".parquet")).to_pylist()
    assert [row["n"] for row in read] == [None, None, 1.0, None, 1.5]
    assert read[2]["o"] == {"a": 1, "b": None}


@pytest.mark.parametrize(
    ("first", "later"), [(1, "x"), (1, [1]), ({"a": 1}, {"a": "x"}), (BIG, 1.5), (1.5, BIG), ("x", True)]
)
def test_a_value_that_does_not_go_with_those_before_is_told_where_it_stands(label, tmp_path, first, later):
    rows = [{"m": first}, {}, {}, {"m": later}, {}, {}]
    with pytest.raises(errors.ColumnTypeError, match=r"in\.jsonl, lines 3 to 4"):
        label(rows, ".parquet")
    parts = tmp_path / "out.partial.parquet"
    assert pq.read_table(parts)["m"].to_pylist() == [first, None]
    with pytest.raises(errors.ColumnTypeError, match="lines 3 to 4"):
        label(rows, ".parquet", resume=True)
