"""How fast systems are, and how much memory they take.

The systems take turns on the same sentences in one run, so that a noisy machine is noisy for all of them;
what counts is the ratio of their medians. Start-up and memory are measured in fresh processes.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import torch
from rich.console import Console
from rich.progress import track
from transformers import pipeline

from claimclf.classifier import ClaimClassifier
from claimclf.model_dir import ModelDir

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from training.baselines import System

    Run = Callable[[list[str]], object]

OURS = "claimclf.predict"
PIPELINE = "transformers.pipeline"
_WARM_UP = 32
_BATCH = 32
_MEMORY_SENTENCES = 1000
_START_UP = {
    "bare interpreter": "pass",
    "import claimclf": "import claimclf",
    "first predict": (
        "from claimclf import ClaimClassifier as C; "
        "C.from_pretrained({model!r}).predict('She accused Serbia of buying votes.')"
    ),
    "first transformers.pipeline": (
        "from transformers import pipeline; "
        "pipeline('text-classification', {path!r}, device='cpu')('She accused Serbia of buying votes.')"
    ),
}


@dataclass(frozen=True)
class Timing:
    """Wall-clock seconds of one system on some sentences, once a repeat.

    Attributes:
        system: what ran.
        sentences: on how many sentences at a time.
        seconds: of each repeat.
    """

    system: str
    sentences: int
    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """Median seconds."""
        return statistics.median(self.seconds)


@dataclass(frozen=True)
class Speed:
    """What was measured of all systems in one run.

    Attributes:
        threads: CPU threads each of them had.
        throughput: of every system, at every number of sentences.
        start_up: of fresh processes, interpreter start included; ``sentences`` is 1 or 0.
        peak_memory: by system, bytes of the largest resident set of a fresh process that labels a thousand
            sentences; empty where the system does not say.
    """

    threads: int
    throughput: tuple[Timing, ...]
    start_up: tuple[Timing, ...]
    peak_memory: dict[str, int]

    def ratios(self) -> dict[tuple[str, int], float]:
        """By system and number of sentences, how many times as long as ours it takes (medians)."""
        ours = {timing.sentences: timing.median for timing in self.throughput if timing.system == OURS}
        return {(t.system, t.sentences): t.median / ours[t.sentences] for t in self.throughput}

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Speed:
        """The inverse of `to_dict`."""

        def timings(name: str) -> tuple[Timing, ...]:
            return tuple(Timing(t["system"], t["sentences"], tuple(t["seconds"])) for t in values[name])

        return cls(values["threads"], timings("throughput"), timings("start_up"), values["peak_memory"])


def speed(
    model: str,
    texts: Sequence[str],
    *,
    sizes: Sequence[int],
    repeats: int,
    threads: int,
    baselines: Mapping[str, System],
) -> Speed:
    """Measures a model against `transformers.pipeline` with the same weights, and against baselines.

    Args:
        model: a model directory or a shipped model's name.
        texts: distinct sentences: repeated ones would flatter `predict`, which computes a text once.
        sizes: how many sentences at a time; each at most as many as there are.
        repeats: how often each system runs.
        threads: CPU threads for every system.
        baselines: further systems, by name.
    """
    runs = {**_runs(model, threads), **{name: system.predict for name, system in baselines.items()}}
    threads_before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        throughput = [
            Timing(name, size, tuple(seconds))
            for size in dict.fromkeys(min(size, len(texts)) for size in sizes)
            for name, seconds in interleaved(runs, texts[:size], repeats).items()
        ]
    finally:
        torch.set_num_threads(threads_before)
    return Speed(
        threads,
        tuple(throughput),
        tuple(_start_up(model, repeats)),
        _peak_memory(model, texts[:_MEMORY_SENTENCES]),
    )


def interleaved(runs: Mapping[str, Run], texts: Sequence[str], repeats: int) -> dict[str, list[float]]:
    """Wall-clock seconds of each run on all the texts, in turns, after a short warm-up."""
    for run in runs.values():
        run(list(texts[:_WARM_UP]))
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in track(range(repeats), f"{len(texts)} sentences", console=Console(stderr=True)):
        for name, run in runs.items():
            start = time.perf_counter()
            run(list(texts))
            seconds[name].append(time.perf_counter() - start)
    return seconds


def _runs(model: str, threads: int) -> dict[str, Run]:
    """Ours, and transformers.pipeline (float32) on the same weights and threads."""
    theirs = pipeline(
        "text-classification",
        model=str(ModelDir.open(model).path),
        top_k=None,
        function_to_apply="sigmoid",
        dtype=torch.float32,
        device="cpu",
    )
    return {
        OURS: ClaimClassifier.from_pretrained(model, threads=threads).predict,
        PIPELINE: lambda texts: theirs(texts, truncation=True),
        f"{PIPELINE}, batches of {_BATCH}": lambda texts: theirs(texts, batch_size=_BATCH, truncation=True),
        f"{PIPELINE}, the same by length": lambda texts: theirs(
            sorted(texts, key=len), batch_size=_BATCH, truncation=True
        ),
    }


def _start_up(model: str, repeats: int) -> Iterable[Timing]:
    seconds: dict[str, list[float]] = {name: [] for name in _START_UP}
    for _ in range(repeats):
        for name, code in _START_UP.items():
            start = time.perf_counter()
            fresh_process(code.format(model=model, path=str(ModelDir.open(model).path)))
            seconds[name].append(time.perf_counter() - start)
    for name, times in seconds.items():
        yield Timing(name, int(name.startswith("first")), tuple(times))


def _peak_memory(model: str, texts: Sequence[str]) -> dict[str, int]:
    """Each system labels the texts in a process of its own, which says how large it grew; on Linux alone."""
    if not sys.platform.startswith("linux"):
        return {}
    path = str(ModelDir.open(model).path)
    pipeline = (
        "from transformers import pipeline; "
        f"p = pipeline('text-classification', {path!r}, device='cpu'); p(texts, truncation=True, batch_size="
    )
    codes = {
        OURS: f"from claimclf import ClaimClassifier as C; C.from_pretrained({path!r}).predict(texts)",
        PIPELINE: f"{pipeline}1)",
        f"{PIPELINE}, batches of {_BATCH}": f"{pipeline}{_BATCH})",
    }
    return {
        name: int(fresh_process(_MEASURED.format(code=code), json.dumps(list(texts)))) * 1024
        for name, code in codes.items()
    }


# The kernel's high-water mark of the program itself: getrusage's also counts the process it was forked from.
_MEASURED = """
import json, sys
texts = json.load(sys.stdin)
{code}
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def fresh_process(code: str, stdin: str = "") -> str:
    """The last line that some code prints, run by a Python of its own."""
    completed = subprocess.run(  # noqa: S603 - our own lines
        [sys.executable, "-c", code], input=stdin, capture_output=True, text=True, check=True
    )
    return completed.stdout.strip().rpartition("\n")[2]
