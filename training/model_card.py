"""Writes a model's card from what was measured.

``python -m training.model_card MODEL_DIR --benchmark benchmark.json --notes notes.md --output CARD``
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
from training.base_model import trainings
from training.card_figures import figures, versions
from training.command import run

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Json = Mapping[str, Any]

_TEMPLATES = Path(__file__).parent / "templates"
_GIVE_A_BENCHMARK = "Give the benchmark.json that training.benchmark wrote."


def render(model_dir: ModelDir, benchmark: Json, notes: str = "") -> str:
    """The card of a model that ``training.train`` made, as Markdown with a Hugging Face header.

    Args:
        model_dir: the model.
        benchmark: what ``training.benchmark`` measured of it, as JSON.
        notes: what only people know of it, as Markdown under headings of the second level.

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
            table=_table, notes=notes.strip(), **_of_the_model(model_dir), **figures(benchmark)
        )
        + "\n"
    )


def _of_the_model(model_dir: ModelDir) -> dict[str, Any]:
    origin, calibration = model_dir.metadata.provenance, model_dir.metadata.calibration
    steps = trainings(origin)
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
        "encoder": steps[0]["base_model"],
        "steps": [
            {
                **step,
                "config": "\n".join(f"{k}: {v}" for k, v in step["config"].items() if k != "data_statement"),
                "runs": step["config"].get("averaged_runs", 1),
                "seed": step["config"]["seed"],
                "made_on": versions(step["environment"]),
            }
            for step in steps
        ],
        "decision": [
            [f"`{label}`", f"{temperature.below:.3f}", f"{temperature.above:.3f}", f"{threshold:.3f}"]
            for label, temperature, threshold in zip(
                LABELS, calibration.temperatures, calibration.thresholds, strict=True
            )
        ],
        "model_files": [
            [f"`{name}`", f"{model_dir.file(name).stat().st_size / 1e6:.1f} MB", f"`{digest}`"]
            for name, digest in model_dir.sha256.items()
        ],
    }


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


def read_notes(path: Path) -> str:
    """Markdown for a card.

    Raises:
        ConfigurationError: the file cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path} cannot be read ({error}).", "Give a Markdown file.") from error


def model_card(
    model: Annotated[str, typer.Argument(help="A model directory, or a shipped model's name.")],
    *,
    benchmark: Annotated[Path, typer.Option(help="The benchmark.json that training.benchmark wrote of it.")],
    output: Annotated[Path, typer.Option(help="The card to write, .md.")],
    notes: Annotated[
        Path | None, typer.Option(help="What else there is to say of it: Markdown, under ## headings.")
    ] = None,
) -> None:
    """Write the card of a model from what was measured."""
    card = render(ModelDir.open(model), read_benchmark(benchmark), read_notes(notes) if notes else "")
    if output.is_dir():
        raise ConfigurationError(f"{output} is a directory.", "Give the card a name, like card.md.")
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(card, encoding="utf-8")


if __name__ == "__main__":
    run(model_card)
