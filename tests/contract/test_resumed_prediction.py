"""A labelling job that is killed, again and again, and gone on with ends in the bytes of one that was not."""

from __future__ import annotations

import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROWS = 9000


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Rows of which some cannot be used, and some span lines."""
    path = tmp_path_factory.mktemp("table") / "rows.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text"])
        for number in range(ROWS):
            text = f"Osmani accused Kesh of fraud {number} .\nKesh denied it ."
            writer.writerow([number, text] if number % 1000 else [number, text, "one cell too many"])
    return path


def command(table, output, model, *options):
    program = [sys.executable, "-c", "from claimclf.cli import main; main()", "predict", str(table)]
    return [*program, "-o", str(output), "--model", str(model), "--on-error", "skip", *options]


def run(*arguments):
    done = subprocess.run(command(*arguments), capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 3, done.stderr
    return done


def start(*arguments):
    return subprocess.Popen(command(*arguments), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def wait_for(path: Path, process) -> None:
    while not path.exists() and process.poll() is None:
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("ending", "kills", "options"),
    [(".csv", 20, []), (".jsonl", 4, ["--documents"]), (".parquet", 4, [])],
)
def test_killed_at_random_points_and_resumed_it_writes_the_same_bytes(
    table, tiny_dir, tmp_path, ending, kills, options
):
    whole, output = tmp_path / f"whole{ending}", tmp_path / f"output{ending}"
    run(table, whole, tiny_dir, *options)
    journal = tmp_path / f"output.partial{ending}.journal"
    delays = random.Random(kills)
    killed = 0
    for _ in range(kills):
        process = start(table, output, tiny_dir, "--resume", *options)
        before = journal.read_bytes() if journal.exists() else b""
        while (journal.read_bytes() if journal.exists() else b"") == before and process.poll() is None:
            time.sleep(0.005)
        time.sleep(delays.uniform(0, 0.1))
        killed += process.poll() is None
        process.kill()
        process.communicate()
        if output.exists():
            break
    assert killed >= 3
    if not output.exists():
        run(table, output, tiny_dir, "--resume", *options)
    assert output.read_bytes() == whole.read_bytes()
    assert rejects(output) == rejects(whole)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [
            *(path.name for path in (whole, output)),
            *(f"{path.name}.rejects.jsonl" for path in (whole, output)),
        ]
    )


def rejects(output):
    return [json.loads(line) for line in Path(f"{output}.rejects.jsonl").read_text().splitlines()]


@pytest.mark.skipif(os.name == "nt", reason="sends a signal")
def test_ctrl_c_leaves_a_valid_partial_output_and_says_how_to_go_on(table, tiny_dir, tmp_path):
    output = tmp_path / "output.csv"
    # Shells start what they run in the background with Ctrl-C ignored.
    heeding = [
        "-c",
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        + "from claimclf.cli import main; main()",
    ]
    whole_command = command(table, output, tiny_dir)
    process = subprocess.Popen(
        [whole_command[0], *heeding, *whole_command[3:]], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    journal = tmp_path / "output.partial.csv.journal"
    wait_for(journal, process)
    while json.loads(journal.read_text())["progress"]["rows"] == 0 and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"--resume" in said
    with (tmp_path / "output.partial.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert rows
    assert all(
        row["label"] in ("accusation", "denial", "call_to_action", "factual_report", "none") for row in rows
    )
    assert not output.exists()
