from __future__ import annotations

import csv

import pytest

from claimclf.tables import text_formats
from claimclf.tables.reading import open_source
from claimclf.tables.rows import BadRow


@pytest.fixture
def read(tmp_path):
    """Reads a csv file of these lines after the header, and parts the good rows from the bad."""

    def _read(*lines):
        path = tmp_path / "a.csv"
        path.write_text("\n".join(["id,text", *lines, ""]))
        rows = list(open_source(str(path)))
        bad = [row for row in rows if isinstance(row, BadRow)]
        return [row for row in rows if row not in bad], bad

    return _read


@pytest.fixture
def low_limit(monkeypatch):
    limit = csv.field_size_limit()
    monkeypatch.setattr(text_formats, "_LONGEST", 100)
    yield
    csv.field_size_limit(limit)


def test_a_quotation_mark_that_is_never_closed_costs_its_own_line_only(read):
    lines = [f"{number},Kesh denied it." for number in range(1000)]
    lines[1] = '1,"Kesh denied it.'
    good, (bad,) = read(*lines)
    assert [int(row.fields["id"]) for row in good] == [0, *range(2, 1000)]
    assert [row.line for row in good] == [2, *range(4, 1002)]
    assert (bad.line, bad.raw) == (3, lines[1])
    assert bad.problem == "has a quotation mark that is not closed (line 1001: unexpected end of data)"


def test_one_that_a_later_one_seems_to_close_does_too(read):
    good, bad = read('1,"Kesh', "2,Dolan left.", '3,"""No,"" he said."', '4,"a\nb"', '5,"c')
    assert [(row.line, row.fields["id"]) for row in good] == [(3, "2"), (4, "3"), (5, "4")]
    assert [row.line for row in bad] == [2, 7]
    assert all("not closed (line " in row.problem for row in bad)


def test_a_record_of_no_end_is_not_read_to_the_end(read, low_limit):
    good, (bad,) = read('0,"Kesh', *(f"{number},Kesh left." for number in range(1, 100)))
    assert len(good) == 99
    assert bad.line == 2
    assert "not closed (line 10: field larger than field limit" in bad.problem


def test_nor_is_one_of_ever_more_cells(read, low_limit):
    _, bad = read(*(f'{number}","Kesh' for number in range(50)))
    assert len(bad) == 50
    assert "not closed (line 13: longer than 100 characters)" in bad[0].problem


def test_every_line_of_a_small_file_is_accounted_for(read):
    lines = [f'{number}","Kesh' for number in range(50)]
    good, bad = read(*lines)
    assert not good
    assert [(row.line, row.raw) for row in bad] == [(line, lines[line - 2]) for line in range(2, 52)]


def test_where_too_much_would_be_read_again_it_says_which_lines_are_lost(read, monkeypatch):
    monkeypatch.setattr(text_formats, "_SMALL_FILE", 0)
    good, bad = read(*(f'{number}","Kesh' for number in range(50)))
    *_, last = bad
    assert not good
    assert last.line < 51
    assert last.problem.endswith(f"; lines {last.line + 1} to 51 are lost with it")
