"""How much would more data help? ``python -m training.learning_curve DATA --dev DEV --output curve/``."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from claimclf.errors import OptionError
from claimclf.model_dir import new_directory, refuse_taken
from training import plots
from training.bootstrap import RESAMPLES, Estimate
from training.columns import Columns, read_label_map
from training.command import run
from training.config import starting_config
from training.curve_fit import LEAST_SIZES, Curve, Resampled, curve, difference, resample
from training.data import LabelledSentence, primaries, read_labelled, split_by_document, to_learn_from
from training.growing import DOCUMENTS, RANDOM, SELECT, Growth, Measured, grow
from training.learners import FINE_TUNE, LEARNERS, learner
from training.options import DocColumn, LabelMap, LabelsColumn, Resamples, Split, TextColumn
from training.terminal import percent, points

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_SHARES = (16, 8, 4, 2, 1)  # the default sizes: a sixteenth of the data, an eighth …
_LEAST_SIZE = 20  # of these: both parts of a smaller set hardly have a sentence of each label


def learning_curve(
    data: Annotated[list[str], typer.Argument(help="Labelled sentences to learn from.")],
    *,
    output: Annotated[Path, typer.Option(help="A directory to write learning_curve.json, .svg and .png to.")],
    dev: Annotated[
        str | None, typer.Option(help="Labelled sentences to measure on; else documents of the data.")
    ] = None,
    dev_fraction: Annotated[
        float, typer.Option(min=0.01, max=0.5, help="Share of the documents that is dev without --dev.")
    ] = 0.2,
    sizes: Annotated[
        str | None,
        typer.Option(help="Numbers of sentences, 500,1000,2000; else 1/16, 1/8 … of the data."),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="How often everything is repeated.")] = 3,
    learner_name: Annotated[
        str, typer.Option("--learner", help=f"What is trained: {', '.join(LEARNERS)}.")
    ] = FINE_TUNE,
    config: Annotated[Path | None, typer.Option(help="The configuration of the training, YAML.")] = None,
    from_model: Annotated[
        str, typer.Option("--from", help="Go on from this claimclf model, as training.train --from does.")
    ] = "",
    base_model: Annotated[
        str, typer.Option(help="Or start from this encoder: a hub id or a path; else the configuration's.")
    ] = "",
    least_steps: Annotated[
        int, typer.Option(min=0, help="Small sets get more epochs, until there are so many steps.")
    ] = 300,
    strategy: Annotated[
        list[str] | None,
        typer.Option(
            help="How the set grows: documents (default), random sentences, or select, as training.select "
            "would choose; may be repeated, to compare."
        ),
    ] = None,
    candidates: Annotated[int, typer.Option(min=1, help="Sentences that select chooses from.")] = 20_000,
    text_column: TextColumn = None,
    labels_column: LabelsColumn = None,
    doc_column: DocColumn = None,
    label_map: LabelMap = None,
    split: Split = None,
    resamples: Resamples = RESAMPLES,
    seed: Annotated[int, typer.Option(help="The first of the seeds, and that of the bootstrap.")] = 0,
) -> None:
    """Measure models made from more and more of the data, and say what twice as much would bring.

    Every size holds the smaller ones. 95 % intervals are from resampled dev documents and training seeds.
    """
    refuse_taken(output)
    given = {"from_model": from_model, "base_model": base_model}
    settings = starting_config(config, {name: value for name, value in given.items() if value})
    learn = learner(learner_name, settings, least_steps=least_steps)
    columns = Columns(text_column, labels_column, doc_column, read_label_map(label_map))
    rows = [row for source in data for row in read_labelled(source, columns, split=split)]
    if dev is not None:
        dev_rows = read_labelled(dev, columns, split=split)
    else:
        rows, dev_rows = split_by_document(rows, dev_fraction, seed)
    rows = to_learn_from(rows, dev_rows, Path(dev).name if dev else "dev")
    strategies = list(dict.fromkeys(strategy or [DOCUMENTS]))
    least = _least_size(rows) if DOCUMENTS in strategies else _LEAST_SIZE
    growths = [
        Growth(
            name,
            parse_sizes(sizes, len(rows), least),
            seed + number,
            candidates,
            settings.validation_fraction,
            settings.calibration_weights,
            settings.fit_thresholds,
        )
        for name in strategies
        for number in range(seeds)
    ]
    measured = [one for growth in growths for one in _shown(grow(growth, learn, rows, dev_rows))]
    drawn = _resampled(measured, dev_rows, resamples, seed)
    curves = {name: curve(scores) for name, scores in drawn.items()}
    differences = difference(drawn[SELECT], drawn[RANDOM]) if {SELECT, RANDOM} <= set(drawn) else []
    document = _document(curves, differences, learner=learner_name, sentences=len(rows), dev=len(dev_rows))
    _write(output, curves, document)
    console = Console(highlight=False)
    console.print(_table(curves, differences))
    console.print("\n".join(in_words(curves)), markup=False, soft_wrap=True)
    Console(stderr=True).print(f"The plot is {output / 'learning_curve.svg'}", markup=False)


def parse_sizes(given: str | None, available: int, least: int = _LEAST_SIZE) -> tuple[int, ...]:
    """Ascending numbers of sentences, as given or doubling up to all there are.

    Args:
        given: numbers with commas between them; None: a share of what there is, twice that, and so on.
        available: how many sentences there are.
        least: the smallest of those that are not given, unless there are fewer.

    Raises:
        OptionError: not numbers, or more than there are.

    >>> parse_sizes("1000, 500", 1200), parse_sizes(None, 1600), parse_sizes(None, 80)
    ((500, 1000), (100, 200, 400, 800, 1600), (20, 40, 80))
    """
    if given is None:
        return tuple(size for share in _SHARES if (size := available // share) >= least) or (available,)
    numbers = [part.strip() for part in given.split(",")]
    if not all(part.isdecimal() and 0 < int(part) <= available for part in numbers):
        raise OptionError(
            "sizes", given, f"numbers up to {available}, the sentences there are: 500,1000,2000"
        )
    return tuple(sorted({int(part) for part in numbers}))


def _least_size(rows: Sequence[LabelledSentence]) -> int:
    """The least size of sets that grow by documents: no document is more than half of one."""
    return max(_LEAST_SIZE, 2 * max(Counter(row.doc for row in rows).values()))


def in_words(curves: Mapping[str, Curve]) -> list[str]:
    """What more data would bring, a sentence each; a strategy is named where there are several."""
    sentences = []
    for strategy, fitted in curves.items():
        of = f"{strategy}: " if len(curves) > 1 else ""
        if not fitted.extrapolations:
            sentences.append(f"{of}No curve was fitted: that takes {LEAST_SIZES} sizes or more.")
        for far in fitted.extrapolations:
            times = {2: "Twice", 4: "Four times"}[far.factor]
            sentences.append(
                f"{of}{times} the data ({far.sentences:,} sentences): about {points(far.gain)} points, to a "
                f"macro-F1 of {percent(far.macro_f1)}, if the curve goes on as it began."
            )
        if fitted.check is not None:
            sentences.append(
                f"{of}Tried on what is known: the curve through the smaller sizes foretells "
                f"{percent(fitted.check)} at {fitted.sizes[-1]:,}; measured was {percent(fitted.scores[-1])}."
            )
    return sentences


def _shown(measured: Iterator[Measured]) -> Iterator[Measured]:
    console = Console(stderr=True, highlight=False)
    for one in measured:
        console.print(
            f"{one.strategy}, seed {one.seed}, {one.sentences:,} sentences: macro-F1 {100 * one.macro_f1:.1f}"
        )
        yield one


def _resampled(
    measured: Sequence[Measured], dev: Sequence[LabelledSentence], resamples: int, seed: int
) -> dict[str, Resampled]:
    return {
        strategy: resample(
            [one for one in measured if one.strategy == strategy],
            primaries(dev),
            [row.doc for row in dev],
            resamples=resamples,
            seed=seed,
        )
        for strategy in dict.fromkeys(one.strategy for one in measured)
    }


def _document(curves: Mapping[str, Curve], differences: Sequence[Estimate], **about: Any) -> dict[str, Any]:
    """The whole result as plain JSON types."""
    sizes = next(iter(curves.values())).sizes
    return {
        **about,
        "strategies": {strategy: _curve_document(fitted) for strategy, fitted in curves.items()},
        "select_minus_random": [
            {"sentences": size, "macro_f1": estimate.to_dict()}
            for size, estimate in zip(sizes, differences, strict=False)
        ],
    }


def _curve_document(fitted: Curve) -> dict[str, Any]:
    return {
        "measured": [
            {"sentences": size, "macro_f1": score.to_dict(), "by_seed": by_seed.tolist()}
            for size, score, by_seed in zip(fitted.sizes, fitted.scores, fitted.by_seed.T, strict=True)
        ],
        "power_law": asdict(fitted.law) if fitted.law else None,
        "curve": [{"sentences": n, "macro_f1": score.to_dict()} for n, score in fitted.line],
        "extrapolations": [
            {
                "factor": far.factor,
                "sentences": far.sentences,
                "macro_f1": far.macro_f1.to_dict(),
                "gain": far.gain.to_dict(),
            }
            for far in fitted.extrapolations
        ],
        "foretold_last": fitted.check.to_dict() if fitted.check else None,
    }


def _write(output: Path, curves: Mapping[str, Curve], document: Mapping[str, Any]) -> None:
    with new_directory(output) as directory:
        text = json.dumps(document, indent=2, allow_nan=False) + "\n"
        (directory / "learning_curve.json").write_text(text, encoding="utf-8")
        for kind in ("svg", "png"):
            plots.learning_curves(curves, path=directory / f"learning_curve.{kind}")


def _table(curves: Mapping[str, Curve], differences: Sequence[Estimate]) -> Table:
    """A line a size: macro-F1 by each strategy, and select minus random."""
    table = Table("sentences", title="macro-F1 on dev, %, with 95 % intervals", title_justify="left")
    for strategy in curves:
        table.add_column(strategy, justify="right")
    if differences:
        table.add_column("select - random, points", justify="right")
    scores = zip(*(fitted.scores for fitted in curves.values()), strict=True)
    for row, (size, of_size) in enumerate(zip(next(iter(curves.values())).sizes, scores, strict=True)):
        compared = [points(differences[row])] if differences else []
        table.add_row(f"{size:,}", *map(percent, of_size), *compared)
    return table


if __name__ == "__main__":
    run(learning_curve)
