"""Pages to look at: self-contained HTML, pictures inline, nothing fetched from anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from claimclf.labels import LABELS
from claimclf.version import __version__
from training import plots
from training.data import CLASSES
from training.terminal import percent, points

if TYPE_CHECKING:
    from collections.abc import Sequence

    from training.benchmark import Benchmark
    from training.checks import Finding
    from training.evaluation import Evaluation
    from training.label_errors import Suspicion
    from training.label_noise import NoiseTest

_TEMPLATES = Path(__file__).parent / "templates"


def evaluation_page(measured: Evaluation, findings: Sequence[Finding] = ()) -> str:
    """The page of one evaluation. It quotes the sentences that went wrong: publish it where you may."""
    return page(
        "evaluation.html",
        measured=measured,
        findings=findings,
        pictures={
            "confusion": plots.confusion(measured),
            "reliability": plots.reliability(measured.reliability),
            "precision_recall": plots.precision_recall(measured.outcomes),
            "risk_coverage": plots.risk_at_coverage({measured.system: measured.outcomes}),
        },
    )


def benchmark_page(measured: Benchmark) -> str:
    """The page of a benchmark: every system side by side. It quotes no sentence of the data."""
    first = [e for e in measured.evaluations if e.data == measured.evaluations[0].data]
    return page(
        "benchmark.html",
        measured=measured,
        files=list(dict.fromkeys(e.data.name for e in measured.evaluations)),
        suites=list(dict.fromkeys(rate.kind for rate in measured.behaviours["int8"].rates)),
        pictures={
            "risk_coverage": plots.risk_at_coverage({e.system: e.outcomes for e in first}),
            "reliability": plots.reliability(first[0].reliability),
            "confusion": plots.confusion(first[0]),
        },
    )


def audit_page(
    data: str, judged: Sequence[Suspicion], listed: Sequence[Suspicion], measured: NoiseTest | None
) -> str:
    """The page of an audit. It quotes the sentences that are listed: publish it where you may.

    Args:
        data: what the audited sentences are called.
        judged: all of them.
        listed: those to look at, in this order.
        measured: how many labels that were flipped on purpose the audit found, if that was asked.
    """
    return page("audit.html", data=data, judged=judged, listed=listed, measured=measured)


def page(template: str, **values: Any) -> str:
    """A page from a template of ``training/templates``; text in it is escaped."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": percent, "points": points}
    return environment.get_template(template).render(
        labels=LABELS, classes=CLASSES, version=__version__, **values
    )
