"""The pictures of a report, each as a data URI that an HTML page can hold; and those that are files."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from sklearn.metrics import ConfusionMatrixDisplay, PrecisionRecallDisplay

from claimclf.labels import LABELS
from training.data import CLASSES
from training.metrics import risk_coverage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    from training.curve_fit import Curve
    from training.evaluation import Evaluation
    from training.metrics import Bin, Outcomes

# Okabe & Ito's palette, which people with any colour vision can tell apart.
COLOURS = ("#d55e00", "#0072b2", "#009e73", "#56b4e9", "#cc79a7", "#e69f00")
_SIZE = (5.2, 4.4)  # inches
_LARGE_BIN = 10  # sentences


def confusion(measured: Evaluation) -> str:
    """Gold against predicted class, in sentences; coloured by share of the gold class."""
    figure, axes = _figure()
    counts = np.array(measured.confusion)
    ConfusionMatrixDisplay(counts, display_labels=[name.replace("_", " ") for name in CLASSES]).plot(
        ax=axes, colorbar=False, cmap="Blues", xticks_rotation=30, values_format="d"
    )
    axes.set(xlabel="predicted", ylabel="gold")
    return _data_uri(figure)


def reliability(diagrams: Mapping[str, Sequence[Bin]]) -> str:
    """Share of sentences that have a label against its mean score.

    A dot a bin, larger the more sentences it holds; lines pass over bins of so few that chance decides.
    """
    figure, axes = _figure()
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":", label="perfect")
    for (label, bins), colour in zip(diagrams.items(), COLOURS, strict=False):
        sizes = [4 + 2 * b.sentences**0.5 for b in bins]
        axes.scatter([b.score for b in bins], [b.rate for b in bins], s=sizes, color=colour)
        large = [b for b in bins if b.sentences >= _LARGE_BIN]
        axes.plot(
            [b.score for b in large], [b.rate for b in large], color=colour, label=label.replace("_", " ")
        )
    axes.set(xlabel="mean score", ylabel="share that has the label", xlim=(0, 1), ylim=(0, 1))
    axes.legend(loc="upper left", fontsize="small")
    return _data_uri(figure)


def precision_recall(outcomes: Outcomes) -> str:
    """Precision against recall over all thresholds, a curve a label that the gold has."""
    figure, axes = _figure()
    for i, (label, colour) in enumerate(zip(LABELS, COLOURS, strict=False)):
        if outcomes.gold_sets[:, i].any():
            PrecisionRecallDisplay.from_predictions(
                outcomes.gold_sets[:, i],
                outcomes.scores[:, i],
                ax=axes,
                name=label.value.replace("_", " "),
                curve_kwargs={"color": colour},
            )
    axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1.01), ylim=(0, 1.01))
    axes.legend(loc="lower left", fontsize="small")
    return _data_uri(figure)


def risk_at_coverage(by_system: Mapping[str, Outcomes]) -> str:
    """Error rate against the share of sentences kept, the most confident first."""
    figure, axes = _figure()
    for (name, outcomes), colour in zip(by_system.items(), COLOURS, strict=False):
        coverage, risk = risk_coverage(outcomes)
        axes.plot(coverage, risk, color=colour, label=name)
    axes.set(xlabel="share of sentences kept", ylabel="error rate of the kept", xlim=(0, 1))
    axes.set_ylim(bottom=0)
    if len(by_system) > 1:
        axes.legend(loc="upper left", fontsize="small")
    return _data_uri(figure)


def learning_curves(curves: Mapping[str, Curve], *, path: Path) -> None:
    """Macro-F1 against the number of training sentences, written to a file in the format it ends in.

    A dot a seed and size, a ring their mean; the fitted curve with its 95 % band, dashed where it goes beyond
    the data.
    """
    figure, axes = _figure()
    for (strategy, curve), colour in zip(curves.items(), COLOURS, strict=False):
        for scores in 100 * curve.by_seed:
            axes.plot(curve.sizes, scores, ".", color=colour, markersize=4, alpha=0.6)
        means = [100 * score.value for score in curve.scores]
        axes.plot(curve.sizes, means, "o", color=colour, markerfacecolor="none", label=strategy)
        _draw_line(axes, curve, colour)
    axes.set_xscale("log")
    ticks = _ticks(curves)
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks], rotation=45)
    axes.minorticks_off()
    axes.set(xlabel="training sentences", ylabel="macro-F1 on dev, %")
    axes.legend(loc="lower right", fontsize="small")
    figure.savefig(path, dpi=150, metadata={"Date": None} if path.suffix == ".svg" else None)


def _draw_line(axes: Axes, curve: Curve, colour: str) -> None:
    if not curve.line:
        return
    sentences = np.array([n for n, _ in curve.line])
    value, low, high = 100 * np.array([(e.value, e.low, e.high) for _, e in curve.line]).T
    measured = sentences <= curve.sizes[-1]
    axes.plot(sentences[measured], value[measured], color=colour)
    axes.plot(sentences[~measured], value[~measured], color=colour, linestyle="--")
    axes.fill_between(sentences, low, high, color=colour, alpha=0.15, linewidth=0)


def _ticks(curves: Mapping[str, Curve]) -> list[int]:
    sizes = {size for curve in curves.values() for size in curve.sizes}
    ahead = {far.sentences for curve in curves.values() for far in curve.extrapolations}
    return sorted(sizes | ahead)


def _figure() -> tuple[Figure, Axes]:
    figure = Figure(figsize=_SIZE, layout="constrained")
    axes = figure.subplots()
    axes.grid(visible=False)
    return figure, axes


def _data_uri(figure: Figure) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
