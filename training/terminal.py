"""What the scripts print: tables of figures, in per cent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from claimclf.labels import LABELS
from training.evaluation import LENGTH
from training.speed import OURS, PIPELINE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from training.behaviours import Rate
    from training.benchmark import Benchmark
    from training.bootstrap import Estimate
    from training.evaluation import Evaluation, Kept
    from training.metrics import Figures
    from training.speed import Speed

OVERALL = {
    "macro_f1": "macro-F1",
    "multilabel_macro_f1": "multi-label macro-F1",
    "accuracy": "accuracy",
    "exact_match": "exact match",
    "risk_coverage_area": "area under risk-coverage",
}
PER_LABEL = {
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "average_precision": "average precision",
    "calibration_error": "calibration error",
    "brier": "Brier score",
}


def figures_table(title: str, systems: Mapping[str, Figures]) -> Table:
    """A column a system: precision, recall and F1 of each label, and the figures over all."""
    table = _table(title, *systems)
    table.caption = "precision / recall / F1 of the primary label, %"
    for label in LABELS:
        per_system = (figures.per_label[label.value] for figures in systems.values())
        table.add_row(
            label.value,
            *(f"{100 * f.precision:.1f} / {100 * f.recall:.1f} / {100 * f.f1:.1f}" for f in per_system),
        )
    table.add_section()
    for figure in ("macro_f1", "multilabel_macro_f1", "exact_match"):
        table.add_row(
            OVERALL[figure], *(f"{100 * getattr(figures, figure):.1f}" for figures in systems.values())
        )
    return table


def evaluation_tables(measured: Evaluation) -> list[Table]:
    """The figures over all, those of each label, and those of each slice."""
    data = measured.data
    overall = _table(f"{measured.system} on {data.name}: {data.sentences} sentences", "all sentences")
    for figure, name in OVERALL.items():
        overall.add_row(name, percent(measured.overall[figure]))
    labels = _table("", *(label.value.replace("_", " ") for label in LABELS))
    labels.caption = "%, with 95 % intervals from resampled documents"
    labels.add_row(
        "sentences", *(str(data.primary_labels[label.value]) for label in LABELS), end_section=True
    )
    for figure, name in PER_LABEL.items():
        labels.add_row(name, *(percent(measured.per_label[label.value][figure]) for label in LABELS))
    slices = (_slice_table(measured, column) for column in measured.slices)
    return [overall, labels, _kept_table(measured), *slices]


def _kept_table(measured: Evaluation) -> Table:
    by_label = measured.at_least
    table = _table("only high scores", *(label.value.replace("_", " ") for label in LABELS))
    table.caption = "precision / recall of the primary label, %, and how many are found"
    for score in by_label[LABELS[0].value]:
        kept = (by_label[label.value][score] for label in LABELS)
        table.add_row(f"at least {score}", *(_kept(some) for some in kept))
    return table


def _kept(kept: Kept) -> str:
    if not kept.sentences:
        return "none"
    return f"{100 * kept.precision.value:.1f} / {100 * kept.recall.value:.1f} ({kept.sentences})"


def _slice_table(measured: Evaluation, column: str) -> Table:
    table = _table(f"by {column}", "sentences", "accuracy", "macro-F1 of labels there")
    for value, part in measured.slices[column].items():
        name = f"{value} words" if column == LENGTH else value
        table.add_row(name, str(part.sentences), percent(part.accuracy), percent(part.macro_f1))
    return table


def behaviour_table(kind: str, rates: Sequence[Rate]) -> Table:
    """A line a capability: how many cases, how many failures, in per cent; all of them last."""
    table = _table(kind.replace("_", " "), "cases", "failures", "%")
    for rate in rates:
        table.add_row(rate.capability, str(rate.cases), str(rate.failures), f"{100 * rate.share:.1f}")
    cases, failures = sum(rate.cases for rate in rates), sum(rate.failures for rate in rates)
    table.add_section()
    table.add_row("all", str(cases), str(failures), f"{100 * failures / max(1, cases):.1f}")
    return table


def benchmark_table(measured: Benchmark) -> Table:
    """A column a system: accuracy and calibration on each file, behaviour, speed."""
    systems = list(measured.behaviours)
    table = _table(f"{measured.model} and what it must beat", *systems)
    table.caption = "%, for int8 with 95 % intervals; times are those of int8 = 1, medians"
    for file in dict.fromkeys(e.data.name for e in measured.evaluations):
        evaluations = {e.system: e for e in measured.evaluations if e.data.name == file}
        f1 = {name: e.overall["macro_f1"] for name, e in evaluations.items()}
        table.add_row(
            f"macro-F1, {file}",
            *(percent(f1[name]) if name == systems[0] else f"{100 * f1[name].value:.1f}" for name in systems),
        )
        table.add_row(
            "calibration error, worst label",
            *(f"{100 * _worst_calibration(evaluations[name]):.1f}" for name in systems),
            end_section=True,
        )
    for suite in dict.fromkeys(rate.kind for rate in measured.behaviours[systems[0]].rates):
        shares = (behaviour.share(suite) for behaviour in measured.behaviours.values())
        table.add_row(f"fails: {suite.replace('_', ' ')}", *(f"{100 * share:.1f}" for share in shares))
    if measured.speed is not None:
        table.add_section()
        _add_speed(table, measured.speed, systems)
    return table


def _worst_calibration(measured: Evaluation) -> float:
    return max(figures["calibration_error"].value for figures in measured.per_label.values())


def _add_speed(table: Table, speed: Speed, systems: Sequence[str]) -> None:
    """A row a number of sentences and way to run; pipelines run the float32 weights."""
    ratios = speed.ratios()
    for sentences in dict.fromkeys(timing.sentences for timing in speed.throughput):
        own = {name: ratios.get((OURS if name == "int8" else name, sentences)) for name in systems}
        cells = ("" if own[name] is None else f"{own[name]:.2g}" for name in systems)
        table.add_row(f"time, {sentences} at a time", *cells)
        for system in (s for s, n in ratios if n == sentences and s.startswith(PIPELINE)):
            ratio = f"{ratios[system, sentences]:.2g}"
            table.add_row(f"  {system}", *(ratio if name == "float32" else "" for name in systems))


def percent(estimate: Estimate) -> str:
    """A share and its interval in per cent, ``79.8 (76-83)``; a dash where it is undefined."""
    if estimate.value != estimate.value:
        return "–"
    return f"{100 * estimate.value:.1f} ({100 * estimate.low:.0f}-{100 * estimate.high:.0f})"


def points(difference: Estimate) -> str:
    """A difference of shares and its interval in points, ``+15.2 (+11.5 to +19.4)``."""
    return f"{100 * difference.value:+.1f} ({100 * difference.low:+.1f} to {100 * difference.high:+.1f})"


def _table(title: str, *columns: str) -> Table:
    table = Table("", title=title or None, title_justify="left", caption_justify="left")
    for column in columns:
        table.add_column(column, justify="right")
    return table
