"""Measures a model against the baselines in every way: ``python -m training.benchmark``.

Accuracy, calibration, behaviour, speed and memory, in one table, one HTML page and one JSON file, from which
``training.model_card`` writes the model's card.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from claimclf.classifier import ClaimClassifier
from claimclf.errors import BaselineUnavailableError, OptionError
from claimclf.model_dir import DEFAULT_MODEL, ModelDir, new_directory, refuse_taken
from training.behaviours import SEED, Behaviour, behaviour
from training.benchmark_data import read_test_sets, without_held_out
from training.bootstrap import RESAMPLES
from training.checks import Finding, check_test_set, warn
from training.command import run
from training.comparison import Comparison, comparison
from training.config import TrainingConfig
from training.data import read_labelled, read_texts
from training.evaluation import Evaluation, evaluation
from training.provenance import environment
from training.report import benchmark_page
from training.speed import Speed, speed
from training.suite import suite
from training.systems import BASELINES, BaselineInputs
from training.terminal import benchmark_table
from training.training_data import CORPUS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from claimclf.prediction import Prediction
    from training.baselines import System
    from training.data import LabelledSentence

SIZES = (1, 100, 10_000)


@dataclass(frozen=True)
class Against:
    """The model against another system on the same sentences."""

    system: str
    data: str
    comparison: Comparison


@dataclass(frozen=True)
class Benchmark:
    """Everything that was measured of a model and of the systems it is measured against.

    Attributes:
        model: its name.
        sha256: of each of its files: what exactly was measured.
        environment: versions and machine.
        evaluations: of every system on every file; the model itself is the first system.
        against: the model minus each other system, paired, on every file.
        behaviours: by system.
        speed: None where it was not asked for.
        findings: what is wrong with the files.
        skipped: why a baseline is missing.
    """

    model: str
    sha256: Mapping[str, str]
    environment: dict[str, str]
    evaluations: list[Evaluation]
    against: list[Against]
    behaviours: dict[str, Behaviour]
    speed: Speed | None
    findings: list[Finding]
    skipped: list[str]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types; sentences of the data are named by id, not quoted."""
        return {
            "model": self.model,
            "sha256": dict(self.sha256),
            "environment": self.environment,
            "evaluations": [measured.to_dict() for measured in self.evaluations],
            "against": [
                {
                    "system": other.system,
                    "data": other.data,
                    "sentences": other.comparison.sentences,
                    "mcnemar_p": other.comparison.mcnemar_p,
                    "differences": {n: d.to_dict() for n, d in other.comparison.differences.items()},
                }
                for other in self.against
            ],
            "behaviours": {name: measured.to_dict() for name, measured in self.behaviours.items()},
            "speed": self.speed and self.speed.to_dict(),
            "findings": [asdict(finding) for finding in self.findings],
            "skipped": self.skipped,
        }


def benchmark(
    model: Annotated[
        str, typer.Argument(help="A shipped model's name or a model directory.")
    ] = DEFAULT_MODEL,
    *,
    data: Annotated[
        list[str] | None, typer.Option(help="Labelled sentences; may be repeated. Else the project's own.")
    ] = None,
    data_by_id: Annotated[
        list[str] | None, typer.Option(help="Labels by sentence id, to measure on as well; may be repeated.")
    ] = None,
    sentences: Annotated[
        list[str] | None, typer.Option(help="Files with the sentences of --data-by-id; may be repeated.")
    ] = None,
    train: Annotated[
        list[str] | None, typer.Option(help="What baselines learn from; may be repeated. Else our own.")
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            help="Training configuration: baselines take its split, weights and held-out documents."
        ),
    ] = None,
    base_model: Annotated[str | None, typer.Option(help="Encoder of `static`: a hub id or path.")] = None,
    nli_model: Annotated[str | None, typer.Option(help="NLI model of `zero-shot`: hub id or path.")] = None,
    slice_by: Annotated[
        list[str] | None, typer.Option("--slice", help="A column to slice by where a file has it.")
    ] = None,
    speed_data: Annotated[
        str | None, typer.Option(help="Sentences for the speed part, labelled or not. Else the suites'.")
    ] = None,
    sizes: Annotated[str, typer.Option(help="Sentences at a time, or 0 to leave speed out.")] = ",".join(
        map(str, SIZES)
    ),
    repeats: Annotated[int, typer.Option(min=1, help="How often each system runs.")] = 5,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads for every system.")] = 2,
    resamples: Annotated[int, typer.Option(min=2, help="Of the bootstrap.")] = RESAMPLES,
    output: Annotated[Path | None, typer.Option(help="A directory for index.html, benchmark.json.")] = None,
) -> None:
    """Measure a model and the baselines: accuracy, calibration, behaviour, speed, memory."""
    if output is not None:
        refuse_taken(output)
    wanted_sizes = _sizes(sizes)
    settings = TrainingConfig.from_yaml(config) if config else TrainingConfig()
    files = read_test_sets(data or [], data_by_id or [], sentences or [])
    learned = [row for source in train or [str(CORPUS)] for row in read_labelled(source)]
    learned = without_held_out(learned, settings.held_out, sentences or [])
    findings = [f for source, rows in files.items() for f in check_test_set(Path(source).name, rows, learned)]
    warn(findings)

    model_dir = ModelDir.open(model)
    inputs = BaselineInputs(
        learned,
        base_model,
        nli_model,
        settings.validation_fraction,
        settings.calibration_weights,
        settings.seed,
    )
    systems, skipped = _systems(model, inputs)
    for line in skipped:
        Console(stderr=True).print(line, style="yellow", markup=False)
    evaluations, against = _measure(systems, files, slice_by or (), resamples)
    cases = suite(seed=SEED)
    measured = Benchmark(
        model=model_dir.metadata.name,
        sha256=model_dir.sha256,
        environment=environment(),
        evaluations=evaluations,
        against=against,
        behaviours={name: behaviour(system, cases) for name, system in systems.items()},
        speed=_speed(model, systems, speed_data, wanted_sizes, repeats, threads),
        findings=findings,
        skipped=skipped,
    )
    Console().print(benchmark_table(measured))
    if output is not None:
        with new_directory(output) as directory:
            (directory / "index.html").write_text(benchmark_page(measured), encoding="utf-8")
            document = json.dumps(_rounded(measured.to_dict()), indent=1, ensure_ascii=False, allow_nan=False)
            (directory / "benchmark.json").write_text(document + "\n", encoding="utf-8")
        Console(stderr=True).print(f"The report is {output / 'index.html'}")


def _sizes(option: str) -> tuple[int, ...]:
    try:
        sizes = tuple(int(size) for size in option.split(","))
    except ValueError:
        raise OptionError("sizes", option, "numbers with commas between them, like 1,100,10000") from None
    if min(sizes) < 0:
        raise OptionError("sizes", option, "numbers of at least 1, or 0 alone")
    return tuple(size for size in sizes if size)


def _systems(model: str, inputs: BaselineInputs) -> tuple[dict[str, System], list[str]]:
    """The model in int8 and float32 and every baseline that can be made; why the others cannot."""
    systems: dict[str, System] = {
        "int8": ClaimClassifier.from_pretrained(model),
        "float32": ClaimClassifier.from_pretrained(model, backend="torch"),
    }
    baselines = {name: _made(name, inputs) for name in BASELINES}
    systems |= {name: made for name, made in baselines.items() if not isinstance(made, str)}
    return systems, [why for why in baselines.values() if isinstance(why, str)]


def _made(name: str, inputs: BaselineInputs) -> System | str:
    """The baseline, or why it cannot be made."""
    try:
        return inputs.make(name)
    except BaselineUnavailableError as error:
        return str(error)


def _measure(
    systems: Mapping[str, System],
    files: Mapping[str, Sequence[LabelledSentence]],
    slice_by: Sequence[str],
    resamples: int,
) -> tuple[list[Evaluation], list[Against]]:
    evaluations, against = [], []
    for source, rows in files.items():
        texts = [row.text for row in rows]
        predictions: dict[str, list[Prediction]] = {}
        for name, system in systems.items():
            predictions[name] = system.predict(texts)
            of_the_model = name == next(iter(systems))
            columns = [c for c in slice_by if of_the_model and all(c in row.columns for row in rows)]
            evaluations.append(
                evaluation(
                    name,
                    rows,
                    predictions[name],
                    source=source,
                    slice_by=columns,
                    resamples=resamples,
                )
            )
        first, *others = predictions
        against += [
            Against(
                other,
                Path(source).name,
                comparison(rows, predictions[first], predictions[other], resamples=resamples),
            )
            for other in others
        ]
    return evaluations, against


def _speed(
    model: str,
    systems: Mapping[str, System],
    source: str | None,
    sizes: Sequence[int],
    repeats: int,
    threads: int,
) -> Speed | None:
    if not sizes:
        return None
    texts = suite(seed=SEED).texts() if source is None else _distinct(source, max(sizes))
    baselines = {name: systems[name] for name in ("tfidf",) if name in systems}
    return speed(model, texts, sizes=sizes, repeats=repeats, threads=threads, baselines=baselines)


def _distinct(source: str, count: int) -> list[str]:
    distinct: dict[str, None] = {}
    for text in read_texts(source):
        distinct[text] = None
        if len(distinct) == count:
            break
    return list(distinct)


def _rounded(value: Any) -> Any:
    """Six significant digits: more is noise, and makes the file twice as long."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {name: _rounded(inner) for name, inner in value.items()}
    return [_rounded(inner) for inner in value] if isinstance(value, (list, tuple)) else value


if __name__ == "__main__":
    run(benchmark)
