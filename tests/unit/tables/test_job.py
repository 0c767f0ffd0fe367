from __future__ import annotations

import csv
import errno
import json
from datetime import datetime

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claimclf import errors
from claimclf.tables import parquet_output, text_outputs
from claimclf.tables.job import Job
from claimclf.tables.journal import Journal
from claimclf.tables.reading import open_sources

TEXTS = ["Osmani accused Kesh of fraud .", "Kesh denied it .", "", "Dolan must stop now !"]


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "in.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(
            [("id", "text", "note"), *((n, text, "é, x") for n, text in enumerate(TEXTS))]
        )
    return path


@pytest.fixture
def label(tiny, tmp_path):
    """Labels files into a new one: (path, progress)."""

    def _label(*files, ending=".csv", name="out", resume=False, force=False, **options):
        output = tmp_path / f"{name}{ending}"
        job = Job(open_sources([str(file) for file in files]), tiny, output, **options)
        return output, job.run(resume=resume, force=force)

    return _label


def read(path):
    match path.suffix:
        case ".csv":
            return list(csv.DictReader(path.open(encoding="utf-8", newline="")))
        case ".jsonl":
            return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return pq.read_table(path).to_pylist()


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_every_column_is_kept_and_predictions_are_added(label, table, tiny, ending):
    output, done = label(table, ending=ending)
    predictions = tiny.predict(TEXTS)
    got = read(output)
    assert (done.rows, done.written, done.rejected) == (4, 4, 0)
    assert [(row["id"], row["text"], row["note"]) for row in got] == [
        (str(n), text, "é, x") for n, text in enumerate(TEXTS)
    ]
    assert [float(row["confidence"]) for row in got] == [p.confidence for p in predictions]
    nothing = "none" if ending == ".csv" else None
    assert [row["label"] for row in got] == [p.label.value if p.label else nothing for p in predictions]


def test_json_lines_hold_predictions_as_to_dict_has_them(label, table, tiny):
    output, _ = label(table, ending=".jsonl")
    expected = tiny.predict(TEXTS[0]).to_dict()
    del expected["schema_version"]
    assert read(output)[0] == {"id": "0", "text": TEXTS[0], "note": "é, x", **expected}


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_documents_are_split_into_rows_with_their_place(label, tmp_path, tiny, ending):
    text = "Kesh lied. Dolan left.\n\nOsmani stayed."
    path = tmp_path / "in.jsonl"
    path.write_text(json.dumps({"id": 7, "body": text, "tags": ["a", "b"]}) + '\n{"body": " "}\n')
    output, done = label(path, ending=ending, documents=True)
    got = read(output)
    assert (done.rows, done.written) == (2, 3)
    assert [row["body"] for row in got] == ["Kesh lied.", "Dolan left.", "Osmani stayed."]
    assert [(int(row["paragraph"]), int(row["sentence_number"])) for row in got] == [(1, 1), (1, 2), (2, 3)]
    assert [text[int(row["start"]) : int(row["end"])] for row in got] == [row["body"] for row in got]
    assert all(row["file"] == str(path) for row in got)


def test_lists_and_objects_are_json_in_a_csv_cell(label, tmp_path):
    path = tmp_path / "in.jsonl"
    path.write_text('{"text": "a", "tags": ["x", {"y": "é"}], "none": null}\n')
    (row,) = read(label(path)[0])
    assert json.loads(row["tags"]) == ["x", {"y": "é"}]
    assert row["none"] == ""


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_a_workbook_is_labelled_and_a_stopped_job_on_it_gone_on_with(label, tmp_path, tiny, ending):
    path = tmp_path / "in.xlsx"
    book = openpyxl.Workbook()
    for line in [("id", "text", "when"), *((n, text, datetime(2024, 3, 1)) for n, text in enumerate(TEXTS))]:
        book.active.append(line)
    book.save(path)
    with pytest.raises(errors.BadRowError, match="line 4: the row holds nothing in 'text'"):
        label(path, ending=ending)
    output, done = label(path, ending=ending, resume=True, skip_bad_rows=True)
    got = read(output)
    assert (done.rows, done.written, done.rejected) == (4, 3, 1)
    assert [row["text"] for row in got] == [TEXTS[0], TEXTS[1], TEXTS[3]]
    assert [str(row["id"]) for row in got] == ["0", "1", "3"]
    assert {row["when"] for row in got} == {"2024-03-01T00:00:00"}
    assert [float(row["confidence"]) for row in got] == [tiny.predict(row["text"]).confidence for row in got]


def test_parquet_to_parquet_keeps_types(label, tmp_path):
    path = tmp_path / "in.parquet"
    when = datetime(2024, 3, 1, 12)
    schema = pa.schema(
        [("text", pa.string()), ("when", pa.timestamp("ms")), ("n", pa.int16()), ("x", pa.null())]
    )
    pq.write_table(
        pa.table({"text": ["a", "b"], "when": [when, None], "n": [1, 2], "x": [None, None]}, schema), path
    )
    output, _ = label(path, ending=".parquet")
    got = pq.read_schema(output)
    assert [got.field(name).type for name in schema.names] == list(schema.types)
    assert pq.read_table(output)["when"].to_pylist() == [when, None]


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_half_a_character_becomes_a_question_mark_in_every_format(label, tmp_path, ending):
    path = tmp_path / "in.jsonl"
    path.write_text(r'{"text": "a\ud800", "tags": [{"b": "\ud800"}], "\ud800": 1}' + "\n")
    (row,) = read(label(path, ending=ending)[0])
    assert row["text"] == "a?"
    tags = json.loads(row["tags"]) if ending == ".csv" else row["tags"]
    assert tags == [{"b": "?"}]
    assert "?" in row


def test_json_lines_to_parquet_takes_columns_that_come_and_go(label, tmp_path, monkeypatch):
    monkeypatch.setattr("claimclf.tables.parquet_output.ParquetOutput.rows_a_commit", 2)
    path = tmp_path / "in.jsonl"
    path.write_text('{"text": "a", "n": 1}\n{"text": "b"}\n{"text": "c", "n": 1.5, "m": "x"}\n')
    frame = pd.read_parquet(label(path, ending=".parquet")[0])
    assert frame["n"].fillna(-1).tolist() == [1, -1, 1.5]
    assert frame["m"].fillna("").tolist() == ["", "", "x"]


@pytest.mark.parametrize("second", ['{"text": "b", "n": "x"}', '{"text": "b", "n": [1]}'])
def test_values_of_several_kinds_are_an_error_for_parquet(label, tmp_path, second):
    path = tmp_path / "in.jsonl"
    path.write_text('{"text": "a", "n": 1}\n' + second)
    with pytest.raises(errors.ColumnTypeError, match="jsonl"):
        label(path, ending=".parquet")


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_an_empty_table_gives_an_output_without_rows(label, tmp_path, ending):
    path = tmp_path / "in.csv"
    path.write_text("id,text\n")
    output, done = label(path, ending=ending)
    assert (done.rows, read(output)) == (0, [])


def test_a_workbook_without_rows_gives_a_header_too(label, tmp_path):
    book = openpyxl.Workbook()
    book.active.append(("id", None, "text"))
    book.save(tmp_path / "in.xlsx")
    output, _ = label(tmp_path / "in.xlsx")
    assert output.read_text().startswith("id,,text,label,confidence,")


@pytest.mark.parametrize("content", ["id,text\n", "id,text\n1\n"], ids=["empty", "rejected"])
@pytest.mark.parametrize("documents", [False, True])
def test_an_output_without_rows_has_the_columns_of_one_with_rows(label, tmp_path, content, documents):
    (tmp_path / "in.csv").write_text(content)
    (tmp_path / "full.csv").write_text("id,text\n1,Kesh left.\n")
    for ending in (".csv", ".tsv", ".parquet"):
        options = {"ending": ending, "documents": documents, "skip_bad_rows": True}
        output, done = label(tmp_path / "in.csv", **options)
        full, _ = label(tmp_path / "full.csv", name="full.out", **options)
        assert done.written == 0
        if ending == ".parquet":
            assert pq.read_schema(output).names == pq.read_schema(full).names
            assert pq.read_metadata(output).num_rows == 0
        else:
            assert output.read_text() == full.read_text().partition("\n")[0] + "\n"


def test_an_empty_parquet_table_keeps_its_types(label, tmp_path):
    schema = pa.schema([("n", pa.int16()), ("text", pa.string())])
    pq.write_table(schema.empty_table(), tmp_path / "in.parquet")
    output, _ = label(tmp_path / "in.parquet", ending=".parquet")
    assert pq.read_schema(output).field("n").type == pa.int16()


def test_an_empty_table_without_a_column_of_texts_is_refused_as_any(label, tmp_path):
    (tmp_path / "in.csv").write_text("id,words\n")
    with pytest.raises(errors.ColumnError, match="not obvious"):
        label(tmp_path / "in.csv")


FIRST_LACKS_TEXT = '{"id": "A7"}\n{"id": "A8", "text": "Kesh left."}\n'


@pytest.mark.parametrize("asked", [None, "text"])
def test_the_first_row_of_json_lines_may_lack_the_text(label, tmp_path, asked):
    path = tmp_path / "in.jsonl"
    path.write_text(FIRST_LACKS_TEXT)
    with pytest.raises(errors.BadRowError, match="line 1: the row has no column 'text'"):
        label(path, text_column=asked)
    output, done = label(path, text_column=asked, skip_bad_rows=True, resume=True)
    assert [row["text"] for row in read(output)] == ["Kesh left."]
    assert (done.rows, done.rejected) == (2, 1)


def test_a_guessed_column_is_told_where_it_is_the_only_one(label, tmp_path):
    told = []
    for name, content, column in [
        ("a.csv", "id|quote\n1|Kesh left.\n", None),
        ("b.csv", "quote\nKesh left.\n", None),
        ("c.csv", "words\nKesh left.\n", "words"),
        ("d.jsonl", FIRST_LACKS_TEXT, None),
    ]:
        (tmp_path / name).write_text(content)
        label(tmp_path / name, name=f"{name}.out", text_column=column, skip_bad_rows=True, warn=told.append)
    (only,) = told
    assert only.startswith(f"{tmp_path / 'a.csv'}: the only column is taken for the texts. If 'id|quote'")


def test_several_files_are_told_apart(label, table, tmp_path):
    other = tmp_path / "other.csv"
    other.write_bytes(table.read_bytes())
    got = read(label(table, other)[0])
    assert [row["file"] for row in got] == [str(table)] * 4 + [str(other)] * 4


BAD = 'id,text\n1,a\n2\n3,"b"c\n4,d\n'


def test_a_bad_row_stops_with_its_place_and_reason(label, tmp_path):
    path = tmp_path / "in.csv"
    path.write_text(BAD)
    with pytest.raises(errors.BadRowError, match=r"in\.csv, line 3: the row has 1 cells.*--on-error skip"):
        label(path)


def test_rows_in_are_rows_out_and_rejects(label, tmp_path):
    path = tmp_path / "in.csv"
    path.write_text(BAD)
    output, done = label(path, skip_bad_rows=True)
    rejects = [json.loads(line) for line in (tmp_path / "out.csv.rejects.jsonl").read_text().splitlines()]
    assert done.rows == 4 == len(read(output)) + len(rejects)
    assert [(r["file"], r["line"], r["raw"]) for r in rejects] == [
        (str(path), 3, "2"),
        (str(path), 4, '3,"b"c'),
    ]


def test_what_holds_no_text_is_rejected(label, tmp_path):
    path = tmp_path / "in.jsonl"
    path.write_text('{"text": "a"}\n{"text": null}\n{"text": 7}\n{"other": "b"}\n')
    _, done = label(path, ending=".jsonl", skip_bad_rows=True)
    lines = (tmp_path / "out.jsonl.rejects.jsonl").read_text().splitlines()
    assert [json.loads(line)["problem"] for line in lines] == [
        "holds nothing in 'text'",
        "holds no text but int in 'text'",
        "has no column 'text'",
    ]
    assert done.rejected == 3


def test_what_is_nested_too_deeply_for_parquet_is_a_reject(label, tmp_path):
    path = tmp_path / "deep.jsonl"
    deep = ["[" * depth + "]" * depth for depth in (30, 60, 400)]
    path.write_text("".join(f'{{"text": "Kesh left.", "a": {value}}}\n' for value in deep))
    _, done = label(path, ending=".parquet", skip_bad_rows=True)
    assert (done.written, done.rejected) == (1, 2)


def test_a_column_that_the_csv_header_lacks_is_a_reject(label, tmp_path):
    path = tmp_path / "in.jsonl"
    path.write_text('{"text": "a"}\n{"text": "b", "more": 1}\n{"text": "c"}\n')
    output, done = label(path, skip_bad_rows=True)
    assert [row["text"] for row in read(output)] == ["a", "c"]
    assert done.rejected == 1
    assert "'more'" in (tmp_path / "out.csv.rejects.jsonl").read_text()


def test_a_column_called_like_a_new_one_is_an_error_and_a_prefix_its_cure(label, tmp_path):
    path = tmp_path / "in.csv"
    path.write_text("text,label\na,denial\n")
    with pytest.raises(errors.ColumnClashError, match="--prefix"):
        label(path)
    (row,) = read(label(path, prefix="claimclf_", force=True)[0])
    assert (row["label"], "claimclf_label" in row) == ("denial", True)


def test_an_output_that_exists_is_kept_unless_forced(label, table):
    output, _ = label(table)
    before = output.read_bytes()
    output.write_text("mine")
    with pytest.raises(errors.OutputExistsError, match="--force"):
        label(table)
    assert output.read_text() == "mine"
    label(table, force=True)
    assert output.read_bytes() == before


@pytest.mark.parametrize("name", ["out.txt", "out", "out.xlsx"])
def test_an_output_of_another_ending_is_an_error(tiny, table, tmp_path, name):
    with pytest.raises(errors.OptionError, match=r"\.csv, \.tsv, \.jsonl"):
        Job(open_sources([str(table)]), tiny, tmp_path / name).run()


def test_an_output_in_no_directory_is_an_error(tiny, table, tmp_path):
    with pytest.raises(errors.UnreadableFileError, match="no such directory"):
        Job(open_sources([str(table)]), tiny, tmp_path / "nowhere" / "out.csv").run()


class StopError(Exception):
    """What a test stops a job with."""


@pytest.fixture
def stopped(tiny, table, tmp_path, monkeypatch):
    """A job that was stopped after its first two rows."""
    monkeypatch.setattr("claimclf.tables.text_outputs._AppendedFile.rows_a_commit", 2)

    def stop(_):
        raise StopError

    with pytest.raises(StopError):
        Job(open_sources([str(table)]), tiny, tmp_path / "out.csv").run(on_progress=stop)
    return tmp_path / "out.partial.csv"


def test_a_stopped_job_leaves_a_valid_part_and_goes_on(label, table, stopped):
    assert [row["text"] for row in read(stopped)] == TEXTS[:2]
    whole, _ = label(table, name="whole")
    output, done = label(table, resume=True)
    assert output.read_bytes() == whole.read_bytes()
    assert (done.rows, stopped.exists()) == (4, False)


def test_a_torn_end_is_cut_off(label, table, stopped):
    with stopped.open("ab") as file:
        file.write(b'2,"half a ro')
    output, _ = label(table, resume=True)
    assert [row["text"] for row in read(output)] == TEXTS


def test_a_stopped_job_is_neither_overwritten_nor_forgotten(label, table, stopped):
    with pytest.raises(errors.OutputExistsError, match=r"--resume.*--force"):
        label(table)
    output, _ = label(table, force=True)
    assert len(read(output)) == 4


def test_a_job_with_other_options_does_not_go_on(label, table, stopped):
    with pytest.raises(errors.JournalError, match="prefix"):
        label(table, resume=True, prefix="x_")


def test_a_job_whose_input_changed_does_not_go_on(label, table, stopped):
    table.write_text(table.read_text().replace("fraud", "fraud again"))
    with pytest.raises(errors.JournalError, match="no longer the same"):
        label(table, resume=True)


def test_a_job_whose_input_shrank_does_not_go_on(label, table, stopped):
    table.write_text("id,text,note\n")
    with pytest.raises(errors.JournalError, match="no longer the same"):
        label(table, resume=True)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"job": {}, "progress": {"x": 1}}'])
def test_a_broken_journal_is_an_error(label, table, stopped, content):
    stopped.with_name("out.partial.csv.journal").write_text(content)
    with pytest.raises(errors.JournalError):
        label(table, resume=True)


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
@pytest.mark.parametrize("named", [False, True], ids=["before", "after"])
def test_a_job_killed_around_its_very_end_ends(label, table, tmp_path, monkeypatch, ending, named):
    whole, _ = label(table, name="whole", ending=ending)
    kind = parquet_output.ParquetOutput if ending == ".parquet" else text_outputs._AppendedFile
    finish = kind.finish

    def stop(self, path):
        if named:
            finish(self, path)
        raise StopError

    with monkeypatch.context() as patch:
        patch.setattr(kind, "finish", stop)
        with pytest.raises(StopError):
            label(table, ending=ending)
    output, done = label(table, ending=ending, resume=True)
    assert (done.rows, output.read_bytes() == whole.read_bytes()) == (4, True)
    assert {path.name for path in tmp_path.iterdir()} == {table.name, output.name, whole.name}


def test_resume_without_a_stopped_job_begins(label, table):
    output, done = label(table, resume=True)
    assert (len(read(output)), done.rows) == (4, 4)


def test_a_full_disk_is_an_error_and_the_job_goes_on_when_there_is_room(label, table, monkeypatch):
    def no_space(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "write", no_space)
        with pytest.raises(errors.DiskFullError, match="--resume"):
            label(table)
    output, _ = label(table, resume=True, force=True)
    assert len(read(output)) == 4


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
@pytest.mark.parametrize(
    "failure", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()], ids=["full", "Ctrl-C"]
)
def test_what_a_failure_leaves_is_whole(label, table, tmp_path, monkeypatch, ending, failure):
    for output in (text_outputs._AppendedFile, parquet_output.ParquetOutput):
        monkeypatch.setattr(output, "rows_a_commit", 2)
    write_journal = Journal.write

    def fail_later(self, done):
        if done.rows > 2:
            raise failure
        write_journal(self, done)

    monkeypatch.setattr(Journal, "write", fail_later)
    with pytest.raises((errors.DiskFullError, KeyboardInterrupt)):
        label(table, ending=ending)
    assert [row["text"] for row in read(tmp_path / f"out.partial{ending}")] == TEXTS[:2]


lines = st.one_of(
    st.fixed_dictionaries({"text": st.text(max_size=12)}).map(json.dumps),
    st.fixed_dictionaries({"text": st.one_of(st.none(), st.integers())}).map(json.dumps),
    st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), max_size=8),
)


@settings(max_examples=40)
@given(st.lists(lines, max_size=12))
def test_whatever_the_lines_rows_in_are_rows_out_and_rejects(tiny, written):
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as room:
        path = Path(room) / "in.jsonl"
        path.write_text("\n".join(['{"text": "first"}', *written]), encoding="utf-8", newline="")
        output = Path(room) / "out.csv"
        done = Job(open_sources([str(path)]), tiny, output, skip_bad_rows=True).run()
        rejects = Path(f"{output}.rejects.jsonl")
        listed = len(rejects.read_text(encoding="utf-8").splitlines()) if rejects.exists() else 0
        assert done.rows == 1 + sum(1 for line in written if line.strip())
        assert done.rows == len(read(output)) + listed
