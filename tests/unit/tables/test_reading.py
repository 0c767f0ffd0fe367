from __future__ import annotations

import contextlib
import csv
import gzip
import io
import json
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claimclf.errors import ColumnError, OptionError, UnreadableFileError
from claimclf.tables.columns import text_column
from claimclf.tables.encodings import encoding_of, probable_encoding
from claimclf.tables.reading import open_source, open_sources
from claimclf.tables.rows import BadRow, Row


def rows(path, **options):
    return list(open_source(str(path), **options))


def fields(path, **options):
    return [row.fields for row in rows(path, **options)]


@pytest.fixture
def write(tmp_path):
    def _write(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return _write


@pytest.mark.parametrize("break_", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_csv_with_every_line_break_and_mark(write, break_, mark):
    path = write("a.csv", mark + f'id,text{break_}1,"a, b"{break_}{break_}2,"c{break_}d"{break_}'.encode())
    assert fields(path) == [{"id": "1", "text": "a, b"}, {"id": "2", "text": f"c{break_}d"}]


def test_rows_know_their_lines(write):
    path = write("a.csv", 'id,text\n1,"a\nb"\n2,c\n')
    assert [row.line for row in rows(path)] == [2, 4]


@pytest.mark.parametrize(
    ("name", "delimiter"), [("a.csv", ","), ("a.csv", ";"), ("a.csv", "\t"), ("a.tsv", "\t")]
)
def test_the_delimiter_is_found_in_the_header(write, name, delimiter):
    path = write(name, f"id{delimiter}text\n1{delimiter}Kesh left.\n")
    assert fields(path) == [{"id": "1", "text": "Kesh left."}]


@pytest.mark.parametrize("above", ["\n", " \r\n\r\n", ",,\n", ";\n\n"])
def test_blank_lines_above_a_header_are_none(write, above):
    path = write("a.csv", f"{above}id,text\n1,Kesh left.\n2\n")
    row, bad = rows(path)
    first = above.count("\n") + 2
    assert (row.line, row.fields) == (first, {"id": "1", "text": "Kesh left."})
    assert (bad.line, bad.problem) == (first + 1, "has 1 cells where the header has 2")


def test_a_file_of_blank_lines_has_no_rows(write):
    assert rows(write("a.csv", "\n\n")) == []


@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
@pytest.mark.parametrize("line", ["sep={}", '"sep={}"', "SEP={}"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_line_that_names_the_delimiter_is_no_header(write, name, line, delimiter):
    path = write(name, f"{line.format(delimiter)}\r\nid{delimiter}text\r\n1{delimiter}Kesh left.\r\n")
    (row,) = rows(path)
    assert (row.line, row.fields) == (3, {"id": "1", "text": "Kesh left."})


def test_bad_rows_of_csv_are_reported_and_those_after_them_read(write):
    path = write("a.csv", 'id,text\n1\n2,"a"b\n3,c,d\n4,"e\n5,f')
    *bad, last = rows(path)
    assert [(type(row), row.line) for row in bad] == [(BadRow, n) for n in (2, 3, 4, 5)]
    assert "has 1 cells where the header has 2" in bad[0].problem
    assert bad[2].raw == "3,c,d"
    assert "unexpected end of data" in bad[3].problem
    assert (last.line, last.fields) == (6, {"id": "5", "text": "f"})


def test_bad_rows_of_json_lines_are_reported_and_those_after_them_read(write):
    path = write("a.jsonl", '{"text": "a"}\n\n{"text": \n[1]\n{"text": "b"}')
    first, second, third, fourth = rows(path)
    assert (first.fields, fourth.fields) == ({"text": "a"}, {"text": "b"})
    assert (second.line, third.line, fourth.line) == (3, 4, 5)
    assert "is not JSON" in second.problem
    assert third.problem == "is not a JSON object"


def test_the_columns_of_json_lines_are_those_of_its_beginning(write):
    source = open_source(str(write("a.jsonl", '{"id": 1}\n[]\n{"text": "a", "id": 2}\n')))
    first, _, last = source
    assert first.columns == last.columns == source.columns == ("id", "text")


def test_a_json_line_of_any_length_is_its_beginning(write):
    first, second = rows(write("a.jsonl", json.dumps({"text": "a " * 70_000}) + '\n{"id": 1}\n'))
    assert first.columns == second.columns == ("text",)


def test_bytes_of_another_encoding_make_a_bad_row_not_a_failed_file(write):
    head = "id,text\n" + "1,naïve\n" * 20_000
    path = write("a.csv", head.encode() + b"2,na\xefve\n3,fine\n")
    *_, bad, last = rows(path)
    assert isinstance(bad, BadRow)
    assert "not UTF-8" in bad.problem
    assert bad.raw == r"2,na\xefve"
    assert last.fields == {"id": "3", "text": "fine"}


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_the_encoding_is_found(write, encoding):
    path = write("a.csv", "id,text\n1,Kesh’s naïve men\n".encode(encoding))
    assert fields(path) == [{"id": "1", "text": "Kesh’s naïve men"}]


def test_a_declared_encoding_is_used(write):
    path = write("a.txt", "Łukasz".encode("cp1250"))
    assert fields(path, encoding="cp1250") == [{"text": "Łukasz"}]


@pytest.mark.parametrize("encoding", ["utf-9", "base64", "hex", "idna", "undefined", "utf\0"])
def test_an_unknown_encoding_is_an_error(write, encoding):
    with pytest.raises(OptionError, match="encoding="):
        open_source(str(write("a.txt", "x")), encoding=encoding)


@pytest.mark.parametrize("encoding", ["UTF-16", "utf_16_le", "U16"])
def test_a_declared_encoding_may_be_spelled_otherwise(write, encoding):
    path = write("a.csv", "id,text\n1,Kesh left.\n".encode("utf-16")[:-1])
    assert rows(path, encoding=encoding)[0].fields["text"].startswith("Kesh left.")


@pytest.mark.parametrize("mark", ["\ufeff", ""], ids=["with a mark", "without"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16le", "UTF-16BE", "utf_32_le", "utf-32-be"])
def test_a_byte_order_mark_is_no_part_of_what_is_declared(write, encoding, mark):
    path = write("a.csv", f"{mark}text\nKesh left.\n".encode(encoding))
    assert fields(path, encoding=encoding) == [{"text": "Kesh left."}]


@pytest.mark.parametrize(
    ("encoding", "content"), [("utf-16", b"no mark here"), ("iso2022_jp", b"\x1b"), ("utf-7", b"a+\xff")]
)
def test_bytes_that_end_the_decoding_are_an_error_that_says_so(write, encoding, content):
    with pytest.raises(UnreadableFileError, match=f"cannot be read as {encoding}"):
        rows(write("a.txt", content), encoding=encoding)


def test_mac_and_windows_are_told_apart_by_their_apostrophe():
    assert probable_encoding("He wasn’t there".encode("mac-roman")) == "mac-roman"
    assert probable_encoding("He wasn’t there".encode("cp1252")) == "cp1252"


@pytest.mark.parametrize(
    ("name", "head", "said"),
    [
        ("a.pdf", b"%PDF-1.7", "pdftotext"),
        ("a.txt", b"%PDF-1.7", "is a PDF"),
        ("a.docx", b"PK\x03\x04", "Word"),
        ("a.csv", b"PK\x03\x04", r"ends in \.xlsx"),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1", "Word or Excel"),
        ("a.html", b"<html>", "markup"),
        ("a.rtf", b"{\\rtf1", "rich text"),
        ("a.csv", b"PAR1", ".parquet"),
        ("a.bin", b"\x7fELF\x00\x01\xff\xfe", "not text"),
    ],
)
def test_what_is_no_text_is_told_what_to_do_with(name, head, said):
    with pytest.raises(UnreadableFileError, match=said):
        encoding_of(name, head, None)


def test_a_text_file_is_one_row_and_lines_are_rows_each(write):
    path = write("a.txt", "One.\r\n\r\nTwo.\r\n")
    assert fields(path) == [{"text": "One.\r\n\r\nTwo.\r\n"}]
    assert fields(path, format_="lines") == [{"text": "One."}, {"text": ""}, {"text": "Two."}]


def test_gzip_is_unpacked(write):
    path = write("a.jsonl.gz", gzip.compress(b'{"text": "a"}\n' * 3))
    assert len(rows(path)) == 3


@pytest.mark.parametrize("cut", [1, 12, 40])
def test_a_cut_off_gzip_is_an_error_that_says_so(write, cut):
    lines = "".join(f'{{"text": "{n * 7919}"}}\n' for n in range(50_000)).encode()
    path = write("a.jsonl.gz", gzip.compress(lines)[:-cut])
    with pytest.raises(UnreadableFileError, match="unpacked"):
        rows(path)


def test_parquet_keeps_types_and_null(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"id": [1, 2], "text": ["a", None]}), path)
    source = open_source(str(path))
    assert [row.fields for row in source] == [{"id": 1, "text": "a"}, {"id": 2, "text": None}]
    assert source.schema.field("id").type == pa.int64()


def test_a_parquet_file_whose_rows_are_broken_is_an_error_that_says_so(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": [f"Kesh denied it {n}." for n in range(99)]}), path)
    content = bytearray(path.read_bytes())
    content[20:200] = b"\xff" * 180
    path.write_bytes(content)
    with pytest.raises(UnreadableFileError, match="Parquet"):
        list(open_source(str(path)))


def test_a_broken_parquet_file_is_an_error_that_says_so(write):
    with pytest.raises(UnreadableFileError, match="Parquet"):
        open_source(str(write("a.parquet", b"PAR1 and no more")))


def test_parquet_with_two_columns_of_one_name_is_told(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table([["Kesh left."], ["Kesh denied it."]], names=["text", "text"]), path)
    with pytest.raises(UnreadableFileError, match="two columns are called 'text'"):
        open_source(str(path))


@pytest.mark.parametrize("name", ["a.parquet.gz", "a.xlsx.gz"])
def test_what_is_read_from_its_end_is_to_be_unpacked_first(write, name):
    with pytest.raises(UnreadableFileError, match=r"packed with gzip.*Unpack it first"):
        open_source(str(write(name, gzip.compress(b"PAR1"))))


def test_parquet_without_pyarrow_says_what_to_install(tmp_path, monkeypatch):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": ["a"]}), path)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match=r"claimclf\[tables\]"):
        open_source(str(path))


def test_a_directory_is_told_which_of_its_files_to_name(tmp_path):
    for name in ("a.csv", "b.csv", "c.txt"):
        (tmp_path / name).touch()
    with pytest.raises(UnreadableFileError, match=r"\*\.csv"):
        open_source(str(tmp_path))


@pytest.mark.parametrize("name", ["nowhere.csv", "a\0b.csv", "x" * 300, "Did he deny it? " * 20])
def test_a_file_that_is_not_there_is_an_error(name):
    with pytest.raises(UnreadableFileError):
        open_sources([name])


def test_a_json_file_is_asked_about(write):
    path = write("a.json", '{"text": "a"}\n')
    with pytest.raises(UnreadableFileError, match="--input-format jsonl"):
        open_source(str(path))
    assert fields(path, format_="jsonl") == [{"text": "a"}]


@pytest.mark.parametrize("header", ["text,text\n", 'text,"a\n'])
def test_a_header_that_cannot_be_one_is_an_error(write, header):
    with pytest.raises(UnreadableFileError):
        rows(write("a.csv", header + "1,2\n"))


def test_a_pattern_that_the_shell_left_is_expanded(write, tmp_path):
    write("b.txt", "b")
    write("a.txt", "a")
    sources = open_sources([str(tmp_path / "*.txt")])
    assert [row.fields["text"] for source in sources for row in source] == ["a", "b"]


def test_texts_and_tables_do_not_mix(write):
    with pytest.raises(OptionError, match=r"b\.csv"):
        open_sources([str(write("a.txt", "a")), str(write("b.csv", "text\na\n"))])


def test_thousands_of_files_need_no_more_than_one_open_at_a_time(tmp_path):
    import resource

    for number in range(200):
        (tmp_path / f"{number}.txt").write_text("Kesh left.")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (120, hard))
    try:
        sources = open_sources([str(tmp_path / "*.txt")])
        assert sum(1 for source in sources for _ in source) == 200
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_line_of_ten_megabytes_is_a_row(write):
    long = "word " * 2_000_000
    assert fields(write("a.csv", f'id,text\n1,"{long}"\n2,b\n'))[0]["text"] == long
    assert fields(write("a.jsonl", json.dumps({"text": long}) + "\n"))[0]["text"] == long


def test_the_position_ends_at_the_size(write):
    source = open_source(str(write("a.csv", "id,text\n" + "1,Kesh left.\n" * 1000)))
    assert source.position() == 0
    list(source)
    assert source.position() == source.size


cells = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=20)


@settings(max_examples=100)
@given(st.lists(st.tuples(cells, cells), max_size=8))
def test_what_csv_writes_is_read_back(table):
    import tempfile
    from pathlib import Path

    text = io.StringIO()
    csv.writer(text).writerows([("id", "text"), *table])
    with tempfile.TemporaryDirectory() as room:
        path = Path(room) / "a.csv"
        path.write_text(text.getvalue(), encoding="utf-8", newline="")
        assert [tuple(row.fields.values()) for row in rows(path)] == table


@settings(max_examples=100)
@given(st.binary(max_size=200), st.sampled_from(["csv", "tsv", "jsonl", "lines", "text"]))
def test_no_bytes_are_more_than_an_error_or_a_bad_row(content, kind):
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as room:
        path = Path(room) / "a.dat"
        path.write_bytes(content)
        with contextlib.suppress(UnreadableFileError):
            assert all(isinstance(row, (Row, BadRow)) for row in rows(path, format_=kind))


@pytest.mark.parametrize(
    ("present", "asked", "found"),
    [
        (["id", "text"], None, "text"),
        (["id", "Sentence "], None, "Sentence "),
        (["only"], None, "only"),
        (["TEXT", "text"], "text", "text"),
        (["a", "B"], "b", "B"),
    ],
)
def test_the_column_of_the_texts(present, asked, found):
    assert text_column(present, asked, "a.csv") == found


def test_a_wrong_column_names_the_nearest_and_those_there():
    with pytest.raises(ColumnError, match=r"'id', 'quote'.*--text-column quote"):
        text_column(["id", "quote"], "qoute", "a.csv")


def test_a_column_that_is_not_obvious_is_asked_for():
    with pytest.raises(ColumnError, match=r"not obvious; there are 'id', 'words'"):
        text_column(["id", "words"], None, "a.csv")
