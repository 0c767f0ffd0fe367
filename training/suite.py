"""The behavioural suites: templates read from ``training/suites``, filled to test cases with a seed."""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from claimclf.labels import Label
from training.perturbations import PERTURBATIONS, WITH_DATES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_SUITES = Path(__file__).parent / "suites"
_SLOT = re.compile(r"\{([a-z_]+)(2?)\}")
_OF_A_PERSON = {"person": "name", "surname": "surname", "he": "he", "his": "his", "him": "him"}
_SWAPS = {"names: country": "country", "names: party": "party", "names: person": "person"}
FILLINGS = 3

Filler = str | dict[str, str]
Lexicon = dict[str, list[Filler]]


@dataclass(frozen=True)
class Expectation:
    """A sentence whose labels are beyond argument.

    Attributes:
        capability: what is tested.
        text: the sentence.
        labels: what it does, primary first; with more than one, their order is not tested.
    """

    capability: str
    text: str
    labels: tuple[Label, ...]


@dataclass(frozen=True)
class Pair:
    """Two sentences that do the same.

    Attributes:
        capability: how the second differs from the first; for fairness, the two who fill it.
        text: the first sentence.
        other: the second.
    """

    capability: str
    text: str
    other: str


@dataclass(frozen=True)
class Suite:
    """All cases.

    Attributes:
        minimum_functionality: what must be recognised at the least.
        direction: what a sentence must become when an act is added, turned or taken away.
        invariance: what must not matter.
        fairness: who must not matter.
    """

    minimum_functionality: list[Expectation]
    direction: list[Expectation]
    invariance: list[Pair]
    fairness: list[Pair]

    def texts(self) -> list[str]:
        """Every distinct sentence of the suite."""
        expected = [case.text for case in (*self.minimum_functionality, *self.direction)]
        paired = [text for pair in (*self.invariance, *self.fairness) for text in (pair.text, pair.other)]
        return list(dict.fromkeys(expected + paired))


def suite(*, seed: int, fillings: int = FILLINGS) -> Suite:
    """The project's suites.

    Args:
        seed: of the fillers.
        fillings: sentences made of each template.

    >>> cases = suite(seed=1, fillings=1)
    >>> len(cases.minimum_functionality) > 400, cases == suite(seed=1, fillings=1)
    (True, True)
    """
    rng = random.Random(seed)  # noqa: S311 - nothing secret
    lexicon: Lexicon = yaml.safe_load((_SUITES / "lexicon.yaml").read_text(encoding="utf-8"))
    return Suite(
        minimum_functionality=_expectations("minimum_functionality", "template", lexicon, rng, fillings),
        direction=_expectations("direction", "after", lexicon, rng, fillings),
        invariance=_unique(_invariance(lexicon, rng, fillings)),
        fairness=_unique(_fairness(lexicon, rng, fillings)),
    )


def perturbed(texts: Iterable[str], *, seed: int) -> list[Pair]:
    """Any sentences, each with every perturbation that applies to it."""
    rng = random.Random(seed)  # noqa: S311 - nothing secret
    return [pair for text in texts for pair in _perturbations(text, PERTURBATIONS, rng)]


def _expectations(
    name: str, template: str, lexicon: Lexicon, rng: random.Random, fillings: int
) -> list[Expectation]:
    cases = (
        Expectation(
            line["capability"],
            _filled(line[template], _fillers(line[template], lexicon, rng)),
            tuple(Label(label) for label in line["labels"]),
        )
        for line in _lines(name)
        for _ in range(fillings)
    )
    return list(dict.fromkeys(cases))


def _invariance(lexicon: Lexicon, rng: random.Random, fillings: int) -> Iterator[Pair]:
    for line in _lines("invariance"):
        for _ in range(fillings):
            template, fillers = line["template"], _fillers(line["template"], lexicon, rng)
            text = _filled(template, fillers)
            yield from _perturbations(text, {**PERTURBATIONS, **WITH_DATES}, rng)
            for capability, slot in _SWAPS.items():
                if slot in fillers:
                    yield Pair(capability, text, _filled(template, _swapped(fillers, slot, lexicon, rng)))
            if "person" in fillers:
                other = {**fillers, "person": _of_other_gender(fillers["person"], lexicon, rng)}
                yield Pair("names: gender", text, _filled(template, other))


def _fairness(lexicon: Lexicon, rng: random.Random, fillings: int) -> Iterator[Pair]:
    templates = list(_lines("fairness"))
    for pair in yaml.safe_load((_SUITES / "fairness_pairs.yaml").read_text(encoding="utf-8")):
        for line in templates:
            if line["kind"] == pair["kind"]:
                for _ in range(fillings):
                    fillers = _fillers(line["template"], lexicon, rng)
                    one, other = (_filled(line["template"], fillers, member) for member in pair["members"])
                    yield Pair(pair["pair"], one, other)


def _perturbations(text: str, perturbations: Mapping[str, Any], rng: random.Random) -> Iterator[Pair]:
    for capability, perturbation in perturbations.items():
        other = perturbation(text, rng)
        if other is not None and other != text:
            yield Pair(capability, text, other)


def _unique(pairs: Iterable[Pair]) -> list[Pair]:
    return list(dict.fromkeys(pairs))


def _lines(name: str) -> Iterator[dict[str, Any]]:
    for line in (_SUITES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
        yield json.loads(line)


def _fillers(template: str, lexicon: Lexicon, rng: random.Random) -> dict[str, Filler]:
    """A filler for each slot that the lexicon fills; the twin of a slot gets another one."""
    fillers: dict[str, Filler] = {}
    for slot, twin in _SLOT.findall(template):
        entry = "person" if slot in _OF_A_PERSON else slot
        if entry in lexicon and entry + twin not in fillers:
            fillers[entry + twin] = _another(lexicon[entry], _taken(entry, fillers), rng)
    return fillers


def _swapped(
    fillers: Mapping[str, Filler], slot: str, lexicon: Lexicon, rng: random.Random
) -> dict[str, Filler]:
    return {**fillers, slot: _another(lexicon[slot], _taken(slot, fillers), rng)}


def _of_other_gender(person: Filler, lexicon: Lexicon, rng: random.Random) -> Filler:
    return rng.choice([other for other in lexicon["person"] if _pronoun(other) != _pronoun(person)])


def _pronoun(person: Filler) -> str:
    return person["he"] if isinstance(person, dict) else ""


def _taken(entry: str, fillers: Mapping[str, Filler]) -> list[Filler]:
    return [filler for slot, filler in fillers.items() if slot.removesuffix("2") == entry]


def _another(fillers: Sequence[Filler], taken: Sequence[Filler], rng: random.Random) -> Filler:
    return rng.choice([filler for filler in fillers if filler not in taken])


def _filled(template: str, fillers: Mapping[str, Filler], member: Mapping[str, str] | None = None) -> str:
    """The sentence of a template; what a member of a fairness pair fills comes before the lexicon."""

    def filler_of(found: re.Match[str]) -> str:
        slot, twin = found.groups()
        if member is not None and not twin and slot in member:
            return member[slot]
        filler = fillers[("person" if slot in _OF_A_PERSON else slot) + twin]
        return filler[_OF_A_PERSON[slot]] if isinstance(filler, dict) else filler

    text = _SLOT.sub(filler_of, template)
    return re.sub(r"^\W*[a-z]", lambda start: start[0].upper(), text)
