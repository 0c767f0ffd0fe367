"""Wherever a job is stopped, going on makes the output that it would have made, or says why it cannot."""

from __future__ import annotations

import errno
import itertools
import json
import os
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from claimclf import errors
from claimclf.tables import parquet_output
from claimclf.tables.job import Job
from claimclf.tables.journal import Journal
from claimclf.tables.labelling import Labeller
from claimclf.tables.parquet_output import ParquetOutput
from claimclf.tables.reading import open_sources
from claimclf.tables.text_outputs import _AppendedFile

ROWS = [{"text": "Kesh left."}, {"text": None}, {"text": "Dolan must stop now!"}, {"text": "Osmani lied."}]
every_ending = pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])


class KilledError(BaseException):
    """What ends a job in a test as a signal would: nothing is cleared away."""


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "in.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return path


@pytest.fixture
def run(tiny, table, monkeypatch):
    """Runs a job that writes two rows at once and skips one, into the output given."""
    for kind in (_AppendedFile, ParquetOutput):
        monkeypatch.setattr(kind, "rows_a_commit", 2)

    def _run(output, **options):
        return Job(open_sources([str(table)]), tiny, output, skip_bad_rows=True).run(**options)

    return _run


@pytest.fixture
def stopped(run, tmp_path):
    """An output whose job was stopped after its first two rows."""

    def _stopped(ending):
        def stop(_):
            raise KilledError

        with pytest.raises(KilledError):
            run(tmp_path / f"out{ending}", on_progress=stop)
        return tmp_path / f"out{ending}"

    return _stopped


def killed_at(step, *, done, monkeypatch):
    """Makes one of a job's changes to files, counted from 0, the last; ``done``: after it, not before."""
    steps = itertools.count()

    def ending(change):
        def _change(*arguments, **options):
            at = next(steps)
            if at < step:
                return change(*arguments, **options)
            if at == step and done:
                change(*arguments, **options)
            elif at == step and change is rmtree:
                for file in itertools.islice(Path(arguments[0]).glob("*"), 1):
                    file.unlink()
            raise KilledError

        return _change

    rmtree = shutil.rmtree
    monkeypatch.setattr(shutil, "rmtree", ending(rmtree))
    monkeypatch.setattr(Path, "replace", ending(Path.replace))
    monkeypatch.setattr(os, "fsync", ending(os.fsync))
    monkeypatch.setattr(os, "truncate", ending(os.truncate))


@every_ending
@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("old", [False, True], ids=["new", "over an old one"])
def test_killed_at_any_step_and_resumed_it_makes_the_whole_output(
    run, tmp_path, monkeypatch, ending, done, old
):
    whole = tmp_path / f"whole{ending}"
    run(whole)
    for step in itertools.count():
        room = tmp_path / str(step)
        room.mkdir()
        output = room / f"out{ending}"
        if old:
            output.write_text("last week's")
        with monkeypatch.context() as patch:
            killed_at(step, done=done, monkeypatch=patch)
            try:
                run(output, force=old)
                break
            except KilledError:
                pass
        run(output, force=old, resume=True)
        assert output.read_bytes() == whole.read_bytes(), step
        assert {path.name for path in room.iterdir()} == {output.name, f"{output.name}.rejects.jsonl"}
    assert step > 8


def test_a_disk_that_is_full_in_the_last_step_is_told_and_the_step_done_again(run, tmp_path, monkeypatch):
    def no_space(file):
        if file.name.endswith(".new"):
            raise OSError(errno.ENOSPC, "No space left on device")

    output = tmp_path / "out.parquet"
    output.write_text("last week's")
    with monkeypatch.context() as patch:
        patch.setattr(parquet_output, "_to_disk", no_space)
        with pytest.raises(errors.DiskFullError, match="--resume"):
            run(output, force=True)
    assert not list(tmp_path.glob("*.new"))
    run(output, force=True, resume=True)
    assert pq.read_table(output).num_rows == 3


@pytest.mark.parametrize("named", [False, True], ids=["before", "after"])
def test_a_job_killed_at_its_very_end_does_not_end_for_another_input(
    run, table, tmp_path, monkeypatch, named
):
    finish = _AppendedFile.finish

    def stop(self, path):
        if named:
            finish(self, path)
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(_AppendedFile, "finish", stop)
        with pytest.raises(KilledError):
            run(tmp_path / "out.csv")
    with table.open("a") as file:
        file.write('{"text": "One more."}\n')
    with pytest.raises(errors.JournalError, match="no longer the same"):
        run(tmp_path / "out.csv", resume=True)


def shorten(path):
    os.truncate(path, path.stat().st_size - 1)


@pytest.mark.parametrize(
    ("ending", "left", "harm"),
    [
        (".csv", "out.partial.csv", Path.unlink),
        (".jsonl", "out.partial.jsonl", shorten),
        (".csv", "out.csv.rejects.jsonl", Path.unlink),
        (".csv", "out.csv.rejects.jsonl", shorten),
        (".parquet", "out.partial.parquet", shutil.rmtree),
        (".parquet", "out.partial.parquet/part-00000000.parquet", Path.unlink),
        (".parquet", "out.partial.parquet/part-00000000.parquet", shorten),
    ],
)
def test_what_is_gone_of_a_stopped_job_is_told(run, stopped, tmp_path, ending, left, harm):
    output = stopped(ending)
    harm(tmp_path / left)
    with pytest.raises(errors.JournalError, match=r"out\..*gone.*--force"):
        run(output, resume=True)
    assert run(output, force=True).written == 3


def test_an_interruption_right_after_the_journal_was_written_loses_nothing(run, tmp_path, monkeypatch):
    write = Journal.write

    def write_and_stop(self, done):
        write(self, done)
        if done.rows:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "write", write_and_stop)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / "out.csv")
    run(tmp_path / "out.csv", resume=True)
    run(tmp_path / "whole.csv")
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_resume_begins_after_a_job_that_was_stopped_before_its_first_rows(run, tmp_path, monkeypatch):
    def stop(*_):
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(Labeller, "label", stop)
        with pytest.raises(KilledError):
            run(tmp_path / "out.csv")
    assert run(tmp_path / "out.csv", resume=True).rejected == 1


def test_rejects_of_a_job_that_ended_are_kept_unless_forced(run, tmp_path):
    output = tmp_path / "out.csv"
    run(output)
    output.unlink()
    with pytest.raises(errors.OutputExistsError, match=r"rejects\.jsonl.*--force") as caught:
        run(output, resume=True)
    assert "--resume" not in str(caught.value)
    assert run(output, force=True).rejected == 1


def test_an_output_that_cannot_be_made_is_told(run, tmp_path):
    (tmp_path / "out.partial.parquet").write_text("a file where a directory should be")
    with pytest.raises(
        errors.UnwritableFileError, match=r"out\.parquet cannot be written: .*partial.*--resume"
    ):
        run(tmp_path / "out.parquet", force=True)


@every_ending
@pytest.mark.parametrize("name", ["out.partial", "out.partial.whole"])
def test_a_file_where_the_output_would_grow_is_kept_unless_forced(run, tmp_path, ending, name):
    mine = tmp_path / f"{name}{ending}"
    mine.write_text("mine")
    for resume in (False, True):
        with pytest.raises(errors.OutputExistsError, match=rf"{name}{ending}.*--force"):
            run(tmp_path / f"out{ending}", resume=resume)
        assert mine.read_text() == "mine"


@every_ending
@pytest.mark.parametrize("force", [False, True])
def test_a_directory_where_the_output_would_grow_is_always_kept(run, tmp_path, ending, force):
    mine = tmp_path / f"out.partial{ending}" / "mine"
    mine.parent.mkdir()
    mine.touch()
    with pytest.raises(errors.OutputExistsError, match="move it away") as caught:
        run(tmp_path / f"out{ending}", force=force)
    assert mine.exists()
    assert "--force" not in str(caught.value)


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize(
    ("name", "output"),
    [
        ("in.partial.jsonl", "in.jsonl"),
        ("r.csv.rejects.jsonl", "r.csv"),
        ("in.jsonl", "in.jsonl"),
        ("in.partial.whole.jsonl", "in.jsonl"),
        ("in.partial.jsonl/part.jsonl", "in.jsonl"),
    ],
)
def test_an_input_is_never_overwritten(tiny, tmp_path, name, output, force):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text('{"text": "Kesh denied it."}\n')
    job = Job(open_sources([str(path)]), tiny, tmp_path / output)
    with pytest.raises(errors.OutputExistsError, match="an input"):
        job.run(force=force)
    assert path.read_text() == '{"text": "Kesh denied it."}\n'


def test_an_input_by_another_name_is_not_overwritten_either(tiny, table, tmp_path):
    (tmp_path / "out.partial.csv").symlink_to(table)
    with pytest.raises(errors.OutputExistsError, match="an input"):
        Job(open_sources([str(table)]), tiny, tmp_path / "out.csv").run(force=True)
    assert table.read_text()


@every_ending
@pytest.mark.parametrize(
    ("rows", "error"),
    [
        ([{"id": 1, "note": "x"}], errors.ColumnError),
        ([{"text": None}], errors.BadRowError),
        ([{"text": "a", "label": "x"}], errors.ColumnClashError),
    ],
)
def test_what_fails_before_its_first_rows_leaves_nothing(tiny, table, tmp_path, ending, rows, error):
    table.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(error):
        Job(open_sources([str(table)]), tiny, tmp_path / f"out{ending}").run()
    assert list(tmp_path.iterdir()) == [table]


def test_rejects_of_a_run_that_fails_before_its_first_rows_are_whole_go_too(run, tmp_path, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Labeller, "label", stop)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "out.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


def test_an_output_that_may_not_be_looked_at_is_told(run, tmp_path, monkeypatch):
    def refuse(self):
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    monkeypatch.setattr(Path, "is_dir", refuse)
    with pytest.raises(errors.UnwritableFileError, match=r"out\.csv cannot be written: Permission denied"):
        run(tmp_path / "out.csv")


def test_a_job_that_goes_on_reads_the_texts_of_the_same_column(run, table, tmp_path):
    rows = [{"text": "Kesh left.", "quote": "Stop!"}] * 2 + [{"quote": "Stop it now!"}] * 3
    table.write_text("".join(json.dumps(row) + "\n" for row in rows))

    def stop(_):
        raise KilledError

    with pytest.raises(KilledError):
        run(tmp_path / "out.jsonl", on_progress=stop)
    done = run(tmp_path / "out.jsonl", resume=True)
    assert (done.written, done.rejected) == (2, 3)


def test_rejects_of_rows_that_are_read_again_are_not_listed_twice(run, table, tmp_path):
    bad = [{"text": "Kesh left."}] * 2 + [{"text": None}, {"text": "Dolan lied.", "label": "x"}]
    good = [{"text": "Kesh left."}] * 4
    table.write_text("".join(json.dumps(row) + "\n" for row in bad))
    with pytest.raises(errors.ColumnClashError):
        run(tmp_path / "out.jsonl")
    assert (tmp_path / "out.jsonl.rejects.jsonl").exists()
    table.write_text("".join(json.dumps(row) + "\n" for row in good))
    done = run(tmp_path / "out.jsonl", resume=True)
    assert (done.written, done.rejected) == (4, 0)
    assert not (tmp_path / "out.jsonl.rejects.jsonl").exists()
