"""Does one classifier hold under load? ``python -m training.load``.

Threads ask it without a pause, one sentence at a time; each answer is compared with the one that the sentence
gets alone. Then a stream of sentences goes through ``predict_iter``. What must not be: a wrong answer, or
memory that grows.
"""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from claimclf.errors import OptionError
from claimclf.files import refuse_taken_file, write_whole
from claimclf.model_dir import DEFAULT_MODEL, ModelDir
from training.behaviours import SEED
from training.command import run
from training.data import read_texts
from training.speed import fresh_process
from training.suite import suite
from training.under_load import Load, Memory, Stream

if TYPE_CHECKING:
    from collections.abc import Sequence

_SENTENCES = 2000
_MEGABYTE = 1 << 20
# In a process of its own, which loads nothing but the library.
_MEASURED = """
import json, sys
from dataclasses import asdict
from claimclf import ClaimClassifier
from training.under_load import streaming, under_load
asked = json.load(sys.stdin)
texts = asked["texts"]
classifier = ClaimClassifier.from_pretrained(asked["model"])
alone = {text: classifier.predict(text) for text in texts}
loads = [under_load(classifier, alone, threads=n, seconds=asked["seconds"]) for n in asked["threads"]]
stream = asked["stream"] and asdict(streaming(classifier, texts, asked["stream"]))
loads = [asdict(load) for load in loads]
print(json.dumps({"receipt": classifier.receipt, "loads": loads, "stream": stream}))
"""


def load(
    model: Annotated[
        str, typer.Argument(help="A shipped model's name or a model directory.")
    ] = DEFAULT_MODEL,
    *,
    threads: Annotated[str, typer.Option(help="How many threads ask at once: one load each.")] = "1,8,32",
    seconds: Annotated[float, typer.Option(min=0.1, help="For how long each number of threads asks.")] = 60,
    stream: Annotated[int, typer.Option(min=0, help="How many sentences go through predict_iter.")] = 0,
    data: Annotated[str | None, typer.Option(help="Sentences to ask about. Else the suites'.")] = None,
    output: Annotated[Path | None, typer.Option(help="A JSON file for everything measured.")] = None,
) -> None:
    """Ask one classifier from many threads, and see that nothing is lost, mixed up or kept.

    Exit code 1 if an answer was wrong or memory grew by over 5 % from the first half to the second.
    """
    numbers = _numbers(threads)
    if output is not None:
        refuse_taken_file(output)
    texts = read_texts(data) if data else suite(seed=SEED).texts()
    asked = {
        "model": str(ModelDir.open(model).path),
        "texts": list(islice(dict.fromkeys(texts), _SENTENCES)),
        "threads": numbers,
        "seconds": seconds,
        "stream": stream,
    }
    measured: dict[str, Any] = json.loads(fresh_process(_MEASURED, json.dumps(asked)))
    loads = [Load(**{**one, "memory": Memory(**one["memory"])}) for one in measured["loads"]]
    streamed = measured["stream"] or None
    if streamed:
        streamed = Stream(**{**streamed, "memory": Memory(**streamed["memory"])})
    Console().print(_table(model, loads))
    if streamed:
        Console().print(_sentence(streamed))
    if output is not None:
        write_whole(output, json.dumps(measured, indent=1) + "\n")
    memories = [*(one.memory for one in loads), *([streamed.memory] if streamed else [])]
    if any(one.wrong for one in loads) or any(memory.grows for memory in memories):
        raise typer.Exit(1)


def _numbers(option: str) -> list[int]:
    try:
        numbers = [int(number) for number in option.split(",")]
    except ValueError:
        numbers = [0]
    if min(numbers) < 1:
        raise OptionError("threads", option, "numbers of at least 1 with commas between them, like 1,8,32")
    return numbers


def _table(model: str, loads: Sequence[Load]) -> Table:
    table = Table(title=f"{model} under load")
    table.caption = (
        "milliseconds an answer takes, by percentile; resident MB in the first half and the second"
    )
    for column in ("threads", "answers", "a second", "wrong", *loads[0].milliseconds, "MB", "MB"):
        table.add_column(column, justify="right")
    for one in loads:
        table.add_row(
            f"{one.threads}",
            f"{one.answers:,}",
            f"{one.answers / one.seconds:,.0f}",
            f"{one.wrong}",
            *(f"{value:.1f}" for value in one.milliseconds.values()),
            *_megabytes(one.memory),
        )
    return table


def _sentence(stream: Stream) -> str:
    first, second = _megabytes(stream.memory)
    return (
        f"predict_iter: {stream.sentences:,} sentences in {stream.seconds:,.0f} s, resident {first} MB in "
        f"the first half, {second} MB in the second."
    )


def _megabytes(memory: Memory) -> tuple[str, str]:
    return f"{memory.first / _MEGABYTE:.0f}", f"{memory.second / _MEGABYTE:.0f}"


if __name__ == "__main__":
    run(load)
