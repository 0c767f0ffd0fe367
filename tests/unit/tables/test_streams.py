from __future__ import annotations

import gzip
import io
import os
import sys
import threading

import pytest

from claimclf.errors import OptionError, UnreadableFileError
from claimclf.tables.reading import open_source, open_sources

ROWS = 20_000
TABLE = "id,text\n" + "".join(f"{number},Kesh denied it.\n" for number in range(ROWS))


@pytest.fixture
def pipe(tmp_path):
    """Makes a named pipe into which something is written."""
    threads = []

    def _pipe(name, content):
        path = tmp_path / name
        os.mkfifo(path)
        threads.append(threading.Thread(target=path.write_bytes, args=(content,), daemon=True))
        threads[-1].start()
        return str(path)

    yield _pipe
    for thread in threads:
        thread.join(10)


@pytest.fixture
def standard_input(monkeypatch):
    """Makes something standard input, of which no more than so many bytes come at a time."""

    class Slow(io.BytesIO):
        def readinto(self, buffer):
            return super().readinto(memoryview(buffer)[:1000])

    def _standard_input(content):
        monkeypatch.setattr(
            sys, "stdin", io.TextIOWrapper(io.BufferedReader(Slow(content)), encoding="ascii")
        )

    return _standard_input


def numbers(source):
    return [int(row.fields["id"]) for row in source]


@pytest.mark.parametrize(
    ("name", "content"), [("a.csv", TABLE.encode()), ("a.csv.gz", gzip.compress(TABLE.encode()))]
)
def test_every_row_of_a_pipe_is_read(pipe, name, content):
    source = open_source(pipe(name, content))
    assert source.size is None
    assert numbers(source) == list(range(ROWS))


@pytest.mark.parametrize("content", [b"", b"He denied it. She accused him of fraud."])
def test_a_short_text_from_a_pipe_without_a_name_is_read(content):
    reading, writing = os.pipe()
    os.write(writing, content)
    os.close(writing)
    (row,) = open_source(f"/dev/fd/{reading}")
    os.close(reading)
    assert row.fields == {"text": content.decode()}


def test_a_device_is_read():
    assert list(open_source(os.devnull, format_="csv")) == []


def test_a_pipe_is_closed_when_it_was_read(pipe):
    source = open_source(pipe("a.csv", b"id,text\n1,Kesh left.\n"))
    assert numbers(source) == [1]
    with pytest.raises(ValueError, match="closed"):
        next(iter(source))


def test_a_pipe_with_a_cut_off_gzip_is_an_error_that_says_so(pipe):
    lines = "".join(f'{{"text": "{number * 7919}"}}\n' for number in range(50_000)).encode()
    source = open_source(pipe("a.jsonl.gz", gzip.compress(lines)[:-12]))
    with pytest.raises(UnreadableFileError, match="unpacked"):
        list(source)


def test_standard_input_is_read_once_as_it_comes(standard_input):
    standard_input(TABLE.encode())
    assert numbers(open_source("-", format_="csv")) == list(range(ROWS))
    assert not sys.stdin.buffer.closed


def test_standard_input_that_is_closed_is_told(monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)  # what Python makes of `<&-`
    with pytest.raises(UnreadableFileError, match="standard input is closed"):
        open_source("-")


def test_the_encoding_of_slow_standard_input_is_found_as_that_of_a_file(standard_input):
    standard_input(b"Kesh left.\n" * 3000 + b"He wasn\x92t there.")
    source = open_source("-")
    assert source.encoding == "cp1252"
    (row,) = source
    assert row.fields["text"].endswith("He wasn’t there.")


def test_a_stream_that_has_ended_is_not_asked_for_more(monkeypatch):
    """At a terminal, the end of input would have to be typed again."""

    class Terminal(io.BytesIO):
        ends = 0

        def readinto(self, buffer):
            count = super().readinto(buffer)
            self.ends += not count
            return count

    terminal = Terminal(b"Kesh left.")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(terminal)))
    assert len(list(open_source("-"))) == 1
    assert terminal.ends == 1


@pytest.mark.parametrize("format_", ["parquet", "xlsx"])
@pytest.mark.parametrize("name", ["-", os.devnull])
def test_parquet_and_workbooks_are_not_read_from_a_stream(name, format_):
    with pytest.raises(OptionError, match="from its end"):
        open_source(name, format_=format_)


def test_parquet_in_a_stream_is_to_be_a_file(standard_input):
    standard_input(b"PAR1 and more")
    with pytest.raises(UnreadableFileError, match="from a file, not from a stream"):
        open_source("-")


@pytest.mark.parametrize("name", ["-", os.devnull])
def test_a_stream_is_not_read_twice(name):
    with pytest.raises(OptionError, match="only once"):
        open_sources([name, name])
