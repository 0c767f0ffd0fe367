"""What a model's card says of a benchmark: tables and lines of text from its JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from training.evaluation import LENGTH
from training.speed import OURS, Speed, Timing
from training.terminal import OVERALL, PER_LABEL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    Json = Mapping[str, Any]
    Rows = list[list[str]]

_INT8 = "int8"
_SMALL_SLICE = 30  # sentences; below, an accuracy says too little to be called the weakest
_CALIBRATION_BAR = 0.05
_WEAK = 0.25  # share of failed cases above which a capability is named among the limits


def figures(benchmark: Json) -> dict[str, Any]:
    """The values of the card's template that come from a benchmark, as JSON; those of labels are of int8."""
    first = benchmark["evaluations"][0]
    systems = list(benchmark["behaviours"])
    rates = benchmark["behaviours"][_INT8]["rates"]
    pairs = [rate for rate in rates if rate["kind"] == "fairness"]
    worst = max(pairs, key=_share)
    return {
        "first": first,
        "files": list(_files(benchmark)),
        "bars": _bars(benchmark),
        "weakest_label": _weakest_label(first),
        "weakest_slice": _weakest_slice(first),
        "weak_capabilities": [
            f"{rate['capability']} ({100 * _share(rate):.0f} %)"
            for rate in sorted(rates, key=_share, reverse=True)
            if _share(rate) > _WEAK and rate["kind"] in ("minimum_functionality", "direction")
        ],
        "reliability": [
            [f"`{label}`", ", ".join(f"{b['score']:.2f} > {b['rate']:.2f} ({b['sentences']})" for b in bins)]
            for label, bins in first["reliability"].items()
        ],
        "risk": {
            "kept": [f"{100 * point['coverage']:.0f} %" for point in _every_second(first)],
            "rates": [f"{100 * point['risk']:.1f}" for point in _every_second(first)],
        },
        "systems": systems,
        "suites": list(_suites(benchmark, systems)),
        "worst_pair": f"{worst['capability']}, {worst['failures']} of {worst['cases']} labels flip",
        "speed": _speed(Speed.from_dict(benchmark["speed"])),
        "measured_on": versions(benchmark["environment"]),
    }


def _bars(benchmark: Json) -> Rows:
    first = benchmark["evaluations"][0]
    errors = {label: figures["calibration_error"]["value"] for label, figures in first["per_label"].items()}
    label = max(errors, key=errors.__getitem__)
    bars = [
        (
            f"expected calibration error of each label ≤ 5 %, {first['data']['name']}",
            f"{100 * errors[label]:.1f} (worst: {label})",
            errors[label] <= _CALIBRATION_BAR,
        )
    ]
    for name, prefixes, bar in (
        ("labels that flip under typos and case ≤ 5 %", ("typos", "case"), 0.05),
        ("labels that flip under typos alone ≤ 5 %", ("typos",), 0.05),
        ("labels that flip under name swaps ≤ 2 %", ("names",), 0.02),
    ):
        share = _flips(benchmark["behaviours"][_INT8]["rates"], prefixes)
        bars.append((name, f"{100 * share:.1f}", share <= bar))
    for against in benchmark["against"]:
        if against["system"] == "tfidf":
            name = f"better than tfidf in macro-F1 on {against['data']}, interval above zero"
            difference = against["differences"]["macro_f1"]
            bars.append((name, _points(difference), difference["low"] > 0))
    return [[name, measured, "reached" if reached else "**missed**"] for name, measured, reached in bars]


def _flips(rates: Iterable[Json], prefixes: tuple[str, ...]) -> float:
    chosen = [r for r in rates if r["kind"] == "invariance" and r["capability"].startswith(prefixes)]
    return float(sum(r["failures"] for r in chosen) / max(1, sum(r["cases"] for r in chosen)))


def _files(benchmark: Json) -> Iterator[dict[str, Any]]:
    """What is said of each file that was measured on; slices and labels are those of int8."""
    names = dict.fromkeys(e["data"]["name"] for e in benchmark["evaluations"])
    for name in names:
        evaluations = [e for e in benchmark["evaluations"] if e["data"]["name"] == name]
        int8 = next(e for e in evaluations if e["system"] == _INT8)
        classes = int8["confusion"]["classes"]
        yield {
            **int8["data"],
            "overall": [[e["system"], *(_percent(e["overall"][f]) for f in OVERALL)] for e in evaluations],
            "labels": [
                [
                    f"`{label}`",
                    str(int8["data"]["primary_labels"][label]),
                    *(_percent(figures[figure]) for figure in PER_LABEL),
                ]
                for label, figures in int8["per_label"].items()
            ],
            "confusion_header": ["gold", *classes],
            "confusion": [
                [gold, *map(str, counts)]
                for gold, counts in zip(classes, int8["confusion"]["gold_by_predicted"], strict=True)
            ],
            "against": [
                [
                    other["system"],
                    *(_points(other["differences"][figure]) for figure in ("macro_f1", "accuracy")),
                    f"{other['mcnemar_p']:.2g}",
                ]
                for other in benchmark["against"]
                if other["data"] == name
            ],
            "slices": [
                (
                    "length, words" if column == LENGTH else column,
                    [
                        [
                            value,
                            str(part["sentences"]),
                            _percent(part["accuracy"]),
                            _percent(part["macro_f1"]),
                        ]
                        for value, part in parts.items()
                    ],
                )
                for column, parts in int8["slices"].items()
            ],
        }


def _suites(benchmark: Json, systems: Sequence[str]) -> Iterator[dict[str, Any]]:
    of_system = {name: benchmark["behaviours"][name]["rates"] for name in systems}
    kinds = dict.fromkeys(rate["kind"] for rate in of_system[_INT8])
    for kind in kinds:
        rows = [
            [
                rates[0]["capability"],
                str(rates[0]["cases"]),
                *(f"{100 * _share(rate):.1f}" for rate in rates),
            ]
            for rates in zip(*of_system.values(), strict=True)
            if rates[0]["kind"] == kind
        ]
        sums = (_all([r for r in of_system[name] if r["kind"] == kind]) for name in systems)
        yield {"name": kind.replace("_", " "), "rows": [*rows, ["**all**", "", *sums]]}


def _all(rates: Sequence[Json]) -> str:
    return f"**{100 * sum(r['failures'] for r in rates) / sum(r['cases'] for r in rates):.1f}**"


def _speed(speed: Speed) -> dict[str, Any]:
    sizes = list(dict.fromkeys(timing.sentences for timing in speed.throughput))
    ours = {t.sentences: t for t in speed.throughput if t.system == OURS}
    rows = [
        [
            system,
            *(_ratios(t, ours[t.sentences].median) for t in speed.throughput if t.system == system),
        ]
        for system in dict.fromkeys(timing.system for timing in speed.throughput)
    ]
    return {
        "threads": speed.threads,
        "repeats": len(speed.throughput[0].seconds),
        "sizes": [f"{size} at a time" for size in sizes],
        "rows": rows,
        "ours": ", ".join(f"{1000 * t.median:.1f} ms for {size}" for size, t in ours.items()),
        "start_up": [
            [t.system, f"{t.median:.2f} ({min(t.seconds):.2f}-{max(t.seconds):.2f})"] for t in speed.start_up
        ],
        "memory": [[system, f"{size / 1e6:.0f}"] for system, size in speed.peak_memory.items()],
    }


def _ratios(timing: Timing, ours: float) -> str:
    low, high = min(timing.seconds) / ours, max(timing.seconds) / ours
    return f"{timing.median / ours:.2f} ({low:.2f}-{high:.2f})"


def _weakest_label(measured: Json) -> str:
    f1 = {label: figures["f1"] for label, figures in measured["per_label"].items()}
    label = min(f1, key=lambda name: f1[name]["value"] or 0.0)
    return f"{label.replace('_', ' ')}, F1 {_percent(f1[label])}"


def _weakest_slice(measured: Json) -> str | None:
    slices = [
        (part["accuracy"]["value"], f"{column} {value}, accuracy {_percent(part['accuracy'])}")
        for column, parts in measured["slices"].items()
        for value, part in parts.items()
        if part["sentences"] >= _SMALL_SLICE
    ]
    return min(slices)[1] if slices else None


def _every_second(measured: Json) -> list[Json]:
    return list(measured["risk_at_coverage"][1::2])


def _share(rate: Json) -> float:
    return float(rate["failures"] / rate["cases"])


def _percent(estimate: Json) -> str:
    if estimate["value"] is None:
        return "–"
    return f"{100 * estimate['value']:.1f} ({100 * estimate['low']:.1f}-{100 * estimate['high']:.1f})"


def _points(estimate: Json) -> str:
    return f"{100 * estimate['value']:+.1f} ({100 * estimate['low']:+.1f} to {100 * estimate['high']:+.1f})"


def versions(environment: Mapping[str, str]) -> str:
    """Machine and versions in one line."""
    return ", ".join(f"{name} {version}" for name, version in environment.items())
