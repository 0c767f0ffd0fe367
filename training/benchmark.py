"""Measures speed against ``transformers.pipeline`` with the same weights.

``python -m training.benchmark DATA``. The systems take turns on the same sentences in one run, so that a
noisy machine is noisy for all of them; what counts is the ratio of their medians.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import torch
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table
from transformers import pipeline

from claimclf.classifier import ClaimClassifier
from claimclf.model_dir import DEFAULT_MODEL, ModelDir
from training.command import run
from training.data import read_texts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    System = Callable[[list[str]], object]

_OURS = "claimclf.predict"
_FRESH_PROCESSES = {
    "bare interpreter": "pass",
    "import claimclf": "import claimclf",
    "first predict": "import claimclf; claimclf.predict('She accused Serbia of buying votes.')",
}


def systems(model: str, threads: int) -> dict[str, System]:
    """What takes turns: ours, and transformers.pipeline (float32) on the same weights and threads."""
    torch.set_num_threads(threads)
    classifier = ClaimClassifier.from_pretrained(model, threads=threads)
    theirs = pipeline(
        "text-classification",
        model=str(ModelDir.open(model).path),
        top_k=None,
        function_to_apply="sigmoid",
        dtype=torch.float32,
        device="cpu",
    )
    return {
        _OURS: classifier.predict,
        "transformers.pipeline, defaults": theirs,
        "transformers.pipeline, batch_size=32": lambda texts: theirs(texts, batch_size=32),
    }


def seconds_interleaved(
    systems: dict[str, System], texts: Sequence[str], repeats: int
) -> dict[str, list[float]]:
    """Wall-clock seconds of each system on all the texts, once a repeat, after a short warm-up."""
    for system in systems.values():
        system(list(texts[:32]))
    seconds: dict[str, list[float]] = {name: [] for name in systems}
    for _ in track(range(repeats), "measuring", console=Console(stderr=True)):
        for name, system in systems.items():
            start = time.perf_counter()
            system(list(texts))
            seconds[name].append(time.perf_counter() - start)
    return seconds


def seconds_in_fresh_process(repeats: int) -> dict[str, list[float]]:
    """Wall-clock seconds of a fresh Python process, interpreter start included, by what it does."""
    seconds: dict[str, list[float]] = {name: [] for name in _FRESH_PROCESSES}
    for _ in range(repeats):
        for name, code in _FRESH_PROCESSES.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603 - our own lines
            seconds[name].append(time.perf_counter() - start)
    return seconds


def benchmark(
    data: Annotated[Path, typer.Argument(help="Sentences: .jsonl or .jsonl.gz with a text field.")],
    *,
    model: Annotated[str, typer.Option(help="A shipped model's name or a model directory.")] = DEFAULT_MODEL,
    sentences: Annotated[int, typer.Option(help="How many distinct sentences to take.")] = 2000,
    repeats: Annotated[int, typer.Option(help="How often each system runs.")] = 5,
    threads: Annotated[int, typer.Option(help="CPU threads for every system.")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="All timings as JSON instead of tables.")] = False,
) -> None:
    """Measure throughput against transformers.pipeline, and the start of a fresh process."""
    texts = list(dict.fromkeys(islice(read_texts(data), 2 * sentences)))[:sentences]
    throughput = seconds_interleaved(systems(model, threads), texts, repeats)
    start_up = seconds_in_fresh_process(repeats)
    if as_json:
        typer.echo(json.dumps({"sentences": len(texts), "throughput": throughput, "start_up": start_up}))
        return
    console = Console()
    console.print(_throughput_table(throughput, len(texts), threads))
    console.print(_start_up_table(start_up))


def _throughput_table(seconds: dict[str, list[float]], sentences: int, threads: int) -> Table:
    table = Table(title=f"{sentences} distinct sentences, {threads} threads, medians", title_justify="left")
    for column in ("system", "sentences / s", "spread", "claimclf is … times as fast"):
        table.add_column(column, justify="left" if column == "system" else "right")
    ours = statistics.median(seconds[_OURS])
    for name, times in seconds.items():
        table.add_row(
            name,
            f"{sentences / statistics.median(times):.0f}",
            f"{sentences / max(times):.0f} to {sentences / min(times):.0f}",
            f"{statistics.median(times) / ours:.1f}",
        )
    return table


def _start_up_table(seconds: dict[str, list[float]]) -> Table:
    table = Table(title="a fresh process, interpreter start included, medians", title_justify="left")
    for column in ("what it does", "seconds", "spread"):
        table.add_column(column, justify="left" if column == "what it does" else "right")
    for name, times in seconds.items():
        table.add_row(name, f"{statistics.median(times):.3f}", f"{min(times):.3f} to {max(times):.3f}")
    return table


if __name__ == "__main__":
    run(benchmark)
