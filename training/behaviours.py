"""Tests what a model must do, and what must not sway it: ``python -m training.behaviours MODEL``."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from training.columns import NONE_NAME
from training.command import run
from training.data import read_labelled, read_texts
from training.suite import FILLINGS, Expectation, Pair, Suite, perturbed, suite
from training.systems import BASELINES, BaselineInputs, system
from training.terminal import behaviour_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from claimclf.labels import Label
    from claimclf.prediction import Prediction
    from training.baselines import System

SEED = 13
_EXAMPLES = 3


@dataclass(frozen=True)
class Rate:
    """How often a model fails one capability.

    Attributes:
        kind: the suite it belongs to, a field of `training.suite.Suite`.
        capability: what is tested.
        cases: how many sentences, or pairs of sentences, were tried.
        failures: on how many the model failed.
        examples: some of them, in words.
    """

    kind: str
    capability: str
    cases: int
    failures: int
    examples: tuple[str, ...]

    @property
    def share(self) -> float:
        """Failures of cases, in [0, 1]."""
        return self.failures / self.cases


@dataclass(frozen=True)
class Behaviour:
    """How a model behaves: a failure rate per capability and per pair of the fairness swap."""

    rates: tuple[Rate, ...]

    def of(self, kind: str) -> list[Rate]:
        """The rates of one suite, in its order."""
        return [rate for rate in self.rates if rate.kind == kind]

    def share(self, kind: str, prefix: str = "") -> float:
        """Failures of cases over all capabilities of a suite whose name begins so, in [0, 1]."""
        rates = [rate for rate in self.of(kind) if rate.capability.startswith(prefix)]
        return sum(rate.failures for rate in rates) / max(1, sum(rate.cases for rate in rates))

    @property
    def worst_pair(self) -> Rate:
        """The pair of the fairness swap with the most flips."""
        return max(self.of("fairness"), key=lambda rate: rate.share)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {"seed": SEED, "rates": [asdict(rate) for rate in self.rates]}


def behaviour(model: System, cases: Suite) -> Behaviour:
    """Runs a model on all cases."""
    texts = cases.texts()
    predictions = dict(zip(texts, model.predict(texts), strict=True))
    return Behaviour(
        (
            *_expectation_rates("minimum_functionality", cases.minimum_functionality, predictions),
            *_expectation_rates("direction", cases.direction, predictions),
            *pair_rates("invariance", cases.invariance, predictions),
            *pair_rates("fairness", cases.fairness, predictions),
        )
    )


def _expectation_rates(
    kind: str, cases: Iterable[Expectation], predictions: Mapping[str, Prediction]
) -> list[Rate]:
    outcomes: dict[str, list[str | None]] = {}
    for case in cases:
        given = predictions[case.text].labels
        # With one label the primary one is tested, with several the set of them.
        fails = set(given) != set(case.labels) if len(case.labels) > 1 else given[:1] != case.labels
        example = f"{case.text} [{_names(given)}, not {_names(case.labels)}]"
        outcomes.setdefault(case.capability, []).append(example if fails else None)
    return [_rate(kind, capability, examples) for capability, examples in outcomes.items()]


def pair_rates(kind: str, pairs: Iterable[Pair], predictions: Mapping[str, Prediction]) -> list[Rate]:
    """How often the primary label of a pair's sentences differs, by capability, most frequent case first."""
    outcomes: dict[str, list[str | None]] = {}
    for pair in pairs:
        one, other = predictions[pair.text], predictions[pair.other]
        example = f"{pair.text} [{_names(one.labels)}] > {pair.other} [{_names(other.labels)}]"
        flips = one.label is not other.label
        outcomes.setdefault(pair.capability, []).append(example if flips else None)
    return [_rate(kind, capability, examples) for capability, examples in outcomes.items()]


def _rate(kind: str, capability: str, outcomes: Sequence[str | None]) -> Rate:
    failures = [example for example in outcomes if example is not None]
    return Rate(kind, capability, len(outcomes), len(failures), tuple(failures[:_EXAMPLES]))


def _names(labels: Sequence[Label]) -> str:
    return " + ".join(label.value for label in labels) or NONE_NAME


def behaviours(
    model: Annotated[str, typer.Argument(help=f"A model, or a baseline: {', '.join(BASELINES)}.")],
    *,
    data: Annotated[
        str | None, typer.Option(help="Sentences of your own to try typos, case, quotes and stops on.")
    ] = None,
    train: Annotated[str | None, typer.Option(help="What a baseline learns from, labelled.")] = None,
    base_model: Annotated[str | None, typer.Option(help="Encoder of `static`: a hub id or path.")] = None,
    fillings: Annotated[int, typer.Option(min=1, help="Sentences made of each template.")] = FILLINGS,
    seed: Annotated[int, typer.Option(help="Of the fillers.")] = SEED,
    examples: Annotated[bool, typer.Option(help="Print sentences that failed.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of tables.")] = False,
) -> None:
    """Print how often a model fails each capability, and each pair of the fairness swap."""
    learned = read_labelled(train) if train else []
    tested = system(model, BaselineInputs(learned, base_model=base_model))
    measured = behaviour(tested, suite(seed=seed, fillings=fillings))
    if data is not None:
        pairs = perturbed(read_texts(data), seed=seed)
        texts = list(dict.fromkeys(text for pair in pairs for text in (pair.text, pair.other)))
        predictions = dict(zip(texts, tested.predict(texts), strict=True))
        measured = Behaviour((*measured.rates, *pair_rates("own sentences", pairs, predictions)))
    if as_json:
        typer.echo(json.dumps({**measured.to_dict(), "seed": seed}, indent=2, ensure_ascii=False))
        return
    console = Console()
    for kind in dict.fromkeys(rate.kind for rate in measured.rates):
        console.print(behaviour_table(kind, measured.of(kind)))
        for rate in measured.of(kind) if examples else ():
            for example in rate.examples:
                console.print(escape(f"{rate.capability}: {example}"), highlight=False)
    worst = measured.worst_pair
    console.print(f"Worst pair of the fairness swap: {worst.capability}, {worst.share:.1%} of labels flip.")


if __name__ == "__main__":
    run(behaviours)
