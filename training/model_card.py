"""Writes a model's card from what was measured.

``python -m training.model_card MODEL_DIR --benchmark benchmark.json --output CARD``
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from claimclf.errors import ConfigurationError
from claimclf.labels import LABELS
from claimclf.model_dir import ModelDir
from training.command import run
from training.evaluation import LENGTH
from training.speed import OURS, Speed, Timing
from training.terminal import OVERALL, PER_LABEL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    Json = Mapping[str, Any]
    Rows = list[list[str]]

_TEMPLATES = Path(__file__).parent / "templates"
_INT8 = "int8"
_GIVE_A_BENCHMARK = "Give the benchmark.json that training.benchmark wrote."
_SMALL_SLICE = 30  # sentences; below, an accuracy says too little to be called the weakest
_CALIBRATION_BAR = 0.05
_WEAK = 0.25  # share of failed cases above which a capability is named among the limits


def render(model_dir: ModelDir, benchmark: Json) -> str:
    """The card of a model that ``training.train`` made, as Markdown with a Hugging Face header.

    Args:
        model_dir: the model.
        benchmark: what ``training.benchmark`` measured of it, as JSON.

    Raises:
        ConfigurationError: the model's claimclf.json does not say how it was made, or other files than the
            model's were measured.
    """
    origin = model_dir.metadata.provenance
    if "config" not in origin:
        raise ConfigurationError(
            f"{model_dir.path} does not say how it was made.",
            "Give a model directory that training.train made.",
        )
    if benchmark["sha256"] != dict(model_dir.sha256):
        raise ConfigurationError(
            f"The benchmark was run on other files than those in {model_dir.path}.",
            f"Run: python -m training.benchmark {model_dir.path} --output DIR",
        )
    if not benchmark["speed"]:
        raise ConfigurationError("The benchmark has no speed part.", "Run it without --sizes 0.")
    environment = Environment(  # noqa: S701 - Markdown, not HTML
        loader=FileSystemLoader(_TEMPLATES), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return (
        environment.get_template("card.md").render(
            table=_table, **_of_the_model(model_dir), **_of_the_benchmark(benchmark)
        )
        + "\n"
    )


def _of_the_model(model_dir: ModelDir) -> dict[str, Any]:
    origin, calibration = model_dir.metadata.provenance, model_dir.metadata.calibration
    parts = {
        "learned from": origin["data"]["train"],
        "held out to choose and calibrate": origin["data"]["validation"],
    }
    return {
        "metadata": model_dir.metadata,
        "origin": origin,
        "definitions": [[f"`{label}`", label.definition] for label in LABELS],
        "counts": [
            [
                name,
                str(part["sentences"]),
                str(part["documents"]),
                ", ".join(f"{labels} {count}" for labels, count in part["labels"].items()),
            ]
            for name, part in parts.items()
        ],
        "config": "\n".join(f"{k}: {v}" for k, v in origin["config"].items() if k != "data_statement"),
        "made_on": _versions(origin["environment"]),
        "decision": [
            [f"`{label}`", f"{temperature:.3f}", f"{threshold:.3f}"]
            for label, temperature, threshold in zip(
                LABELS, calibration.temperatures, calibration.thresholds, strict=True
            )
        ],
        "model_files": [
            [f"`{name}`", f"{model_dir.file(name).stat().st_size / 1e6:.1f} MB", f"`{digest}`"]
            for name, digest in model_dir.sha256.items()
        ],
    }


def _of_the_benchmark(benchmark: Json) -> dict[str, Any]:
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
        "measured_on": _versions(benchmark["environment"]),
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


def _versions(environment: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in environment.items())


def _table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(header)
    lines = [head, ["---"] * len(head), *(list(row) for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def read_benchmark(path: Path) -> Any:
    """What ``training.benchmark`` wrote.

    Raises:
        ConfigurationError: the file is not that.
    """
    try:
        benchmark = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path} cannot be read ({error}).", _GIVE_A_BENCHMARK) from error
    if not isinstance(benchmark, dict) or not {"sha256", "evaluations", "behaviours", "speed"} <= set(
        benchmark
    ):
        raise ConfigurationError(f"{path} is not a benchmark.", _GIVE_A_BENCHMARK)
    return benchmark


def write(
    model: Annotated[str, typer.Argument(help="A model directory, or a shipped model's name.")],
    *,
    benchmark: Annotated[Path, typer.Option(help="The benchmark.json that training.benchmark wrote of it.")],
    output: Annotated[Path, typer.Option(help="The card to write, .md.")],
) -> None:
    """Write the card of a model from what was measured."""
    card = render(ModelDir.open(model), read_benchmark(benchmark))
    if output.is_dir():
        raise ConfigurationError(f"{output} is a directory.", "Give the card a name, like card.md.")
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(card, encoding="utf-8")


if __name__ == "__main__":
    run(write)
