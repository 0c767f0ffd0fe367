"""Tables in Excel workbooks, as people and programs leave them."""

from __future__ import annotations

import datetime as dt
import re
import sys
import zipfile
from unittest.mock import ANY

import openpyxl
import pandas as pd
import pytest

from claimclf.errors import ColumnError, UnreadableFileError
from claimclf.tables.columns import text_column
from claimclf.tables.reading import open_source
from claimclf.tables.rows import BadRow


def rows(path, **options):
    return list(open_source(str(path), **options))


def fields(path):
    return [row.fields for row in rows(path)]


@pytest.fixture
def workbook(tmp_path):
    def _workbook(*lines, name="a.xlsx"):
        book = openpyxl.Workbook()
        for line in lines:
            book.active.append(line)
        book.save(tmp_path / name)
        return tmp_path / name

    return _workbook


def test_a_workbook_is_read_from_its_header(workbook):
    lines = [(None, None), ("id ", "text"), (1, "Kesh left."), (None, None), (2, "Kesh denied it.")]
    first, second = rows(workbook(*lines))
    assert (first.line, first.fields) == (3, {"id": 1, "text": "Kesh left."})
    assert (second.line, second.fields) == (5, {"id": 2, "text": "Kesh denied it."})


def test_of_what_excel_knows_and_json_does_not_the_text_is_read(workbook):
    moment, span = dt.datetime(2024, 3, 1, 7, 30), dt.timedelta(hours=30)
    (row,) = rows(workbook(("text", "when", "took", "many"), ("Kesh left.", moment, span, 7.0)))
    assert row.fields == {"text": "Kesh left.", "when": "2024-03-01T07:30:00", "took": ANY, "many": 7}
    assert all(type(value) in (str, int) for value in row.fields.values())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PK\x03\x04 no workbook", "cannot be read as .xlsx"),
        (b"\xd0\xcf\x11\xe0", "has a password"),
        (b"id,text", "cannot be read as .xlsx"),
        (b"", "cannot be read as .xlsx"),
    ],
)
def test_what_is_no_workbook_is_told_before_any_work(tmp_path, content, said):
    path = tmp_path / "a.xlsx"
    path.write_bytes(content)
    with pytest.raises(UnreadableFileError, match=said):
        open_source(str(path))


def test_a_workbook_with_two_columns_of_one_name_is_told(workbook):
    with pytest.raises(UnreadableFileError, match="two columns of row 1 are called 'text'"):
        open_source(str(workbook(("text", "text "), ("Kesh left.", "x"))))


def test_a_workbook_without_openpyxl_names_the_extra(workbook, monkeypatch):
    path = workbook(("text",), ("Kesh left.",))
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(ImportError, match=r"claimclf\[tables\]"):
        open_source(str(path))


def test_a_workbook_may_have_any_name(workbook):
    path = workbook(("text",), ("Kesh left.",), name="export.dat")
    assert [row.fields for row in rows(path, format_="xlsx")] == [{"text": "Kesh left."}]


def test_what_is_an_archive_but_no_workbook_is_told(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr(
            "[Content_Types].xml",
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        )
    with pytest.raises(UnreadableFileError, match=r"cannot be read as \.xlsx"):
        open_source(str(tmp_path / "a.xlsx"))


def test_cells_beside_a_title_are_not_lost(workbook):
    table = [("quote_id", "quote", "who"), ("Q1", "Kesh denied it.", "X")]
    first, second = rows(workbook(("Quotes of March",), *table))
    assert (first.line, first.raw) == (2, '["quote_id", "quote", "who"]')
    assert first.problem == second.problem.replace("B3", "B2")
    assert first.problem.endswith("in B2, where row 1 names no column")


def test_a_column_beside_a_title_leaves_the_texts_to_be_asked_for(workbook):
    (row,) = rows(workbook((None, "Quotes of March"), ("Q1", "Kesh denied it.")))
    with pytest.raises(ColumnError, match="not obvious"):
        text_column(tuple(row.fields), None, row.file)


def test_a_column_without_a_name_is_kept_as_in_csv(tmp_path):
    frame = pd.DataFrame({"text": ["Kesh left.", "Kesh denied it."]})
    frame.to_excel(tmp_path / "a.xlsx")
    frame.to_csv(tmp_path / "a.csv")
    assert fields(tmp_path / "a.xlsx") == [{"": 0, "text": "Kesh left."}, {"": 1, "text": "Kesh denied it."}]
    assert [list(row) for row in fields(tmp_path / "a.csv")] == [["", "text"]] * 2


def test_of_two_columns_without_a_name_only_one_may_hold_something(workbook):
    fine, bad = rows(workbook((None, None, "text"), (1, " ", "Kesh left."), (1, 2, "Kesh denied it.")))
    assert fine.fields == {"": 1, "text": "Kesh left."}
    assert isinstance(bad, BadRow)
    assert "B3" in bad.problem


def test_characters_that_a_workbook_escapes_are_read(workbook):
    path = workbook(("text", "a_x0009_b"), ("Kesh left._x000D_\nHe denied it.", "_x00zz_"))
    assert fields(path) == [{"text": "Kesh left.\r\nHe denied it.", "a\tb": "_x00zz_"}]


def test_a_formula_that_was_never_computed_is_told_wherever_it_stands(workbook):
    lines = [
        ("text", "n"),
        ("Kesh left.", 1),
        ("Kesh lied.", "=B2+1"),
        ('="Kesh denied it."', None),
        (None, 4),
    ]
    first, *bad, last = rows(workbook(*lines))
    assert (first.fields["n"], last.fields["n"]) == (1, 4)
    assert [(row.line, re.findall("never computed in (..); open", row.problem)) for row in bad] == [
        (3, ["B3"]),
        (4, ["A4"]),
    ]


def test_a_sheet_of_nothing_but_formulas_that_were_never_computed_is_not_empty(workbook):
    (bad,) = rows(workbook(("text",), ('="Kesh denied it."',)))
    assert "never computed in A2" in bad.problem


def test_a_formula_that_was_computed_to_no_text_is_no_text(workbook, tmp_path):
    path = workbook(("text", "note"), ("Kesh left.", '=""'))
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(tmp_path / "b.xlsx", "w") as new:
        for name in old.namelist():
            computed = old.read(name).replace(b'<c r="B2">', b'<c r="B2" t="str">')
            new.writestr(name, computed)
    assert fields(tmp_path / "b.xlsx") == [{"text": "Kesh left.", "note": None}]


def test_the_first_sheet_that_is_not_hidden_is_read_and_the_others_named(tmp_path):
    book = openpyxl.Workbook()
    book.active.sheet_state = "hidden"
    for title in ("March", "April", "May"):
        book.create_sheet(title).append(["text"])
        book[title].append([f"Kesh left in {title}."])
    book.active = 1
    book.save(tmp_path / "a.xlsx")
    source = open_source(str(tmp_path / "a.xlsx"))
    assert source.left_out == ("April", "May")
    assert [row.fields for row in source] == [{"text": "Kesh left in March."}]
