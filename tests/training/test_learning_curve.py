from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claimclf import ClaimClassifier, Label
from claimclf.errors import ConfigurationError, LabelledDataError, OptionError, OutputExistsError
from claimclf.labels import LABELS
from tests.conftest import labelled_records, write_jsonl
from training.bootstrap import Estimate
from training.config import TrainingConfig
from training.curve_fit import Curve, PowerLaw, Resampled, curve, difference, power_law, resample
from training.data import NONE, LabelledSentence, primaries, read_labelled
from training.growing import DOCUMENTS, RANDOM, SELECT, Growth, Measured, grow
from training.learners import learner
from training.learning_curve import in_words, learning_curve, parse_sizes

CONFIG = "validation_fraction: 0.2\nepochs: 2\nbatch_size: 16\nlearning_rate: 0.005\naverage_decay: 0.5\n"


# --- the fitted curve ---


@settings(deadline=None, max_examples=40)
@given(a=st.floats(0.05, 0.5), b=st.floats(0.2, 1.2), c=st.floats(0.0, 0.3))
def test_a_power_law_without_noise_is_found_and_extrapolated(a: float, b: float, c: float) -> None:
    true = PowerLaw(a, b, c, unit=1600)
    sizes = (100, 200, 400, 800, 1600)
    fitted = power_law(sizes, np.array([float(true(n)) for n in sizes]))
    for n in (100, 700, 3200, 6400):
        assert float(fitted(n)) == pytest.approx(float(true(n)), abs=5e-3)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(0, 1), min_size=4, max_size=6))
def test_whatever_was_measured_the_curve_never_falls_and_stays_a_score(scores: list[float]) -> None:
    sizes = [100 * 2**i for i in range(len(scores))]
    law = power_law(sizes, np.array(scores))
    line = law(np.geomspace(sizes[-1], 100 * sizes[-1], 20))
    assert (np.diff(line) >= -1e-9).all()
    assert line.max() <= 1


def scores_of(law: PowerLaw, sizes: tuple[int, ...], noise: float) -> Resampled:
    rng = np.random.default_rng(0)
    means = law(np.array(sizes, dtype=np.float64))
    return Resampled(sizes, np.array([means, means]), means + rng.normal(0, noise, (200, len(sizes))))


SIZES = (100, 200, 400, 800, 1600)
LAW = PowerLaw(a=0.2, b=0.5, c=0.1, unit=1600)


def test_twice_and_four_times_the_data_are_foretold_with_their_gain() -> None:
    fitted = curve(scores_of(LAW, SIZES, noise=0.005))
    assert [far.sentences for far in fitted.extrapolations] == [3200, 6400]
    twice, four = fitted.extrapolations
    assert twice.macro_f1.value == pytest.approx(0.9 - 0.2 / 2**0.5, abs=0.005)
    assert four.macro_f1.value == pytest.approx(0.8, abs=0.005)
    assert four.gain.value == pytest.approx(0.1, abs=0.005)
    for far in fitted.extrapolations:
        assert far.gain.low < far.gain.value < far.gain.high
        assert far.macro_f1.low < far.macro_f1.value < far.macro_f1.high


def test_the_band_widens_with_the_noise_and_with_the_distance() -> None:
    def widths(noise: float) -> list[float]:
        fitted = curve(scores_of(LAW, SIZES, noise))
        return [far.gain.high - far.gain.low for far in fitted.extrapolations]

    quiet, loud = widths(0.002), widths(0.03)
    assert quiet[0] < loud[0]
    assert quiet[1] < loud[1]
    assert quiet[0] < quiet[1]
    assert loud[0] < loud[1]


def test_the_last_size_is_foretold_from_the_others() -> None:
    fitted = curve(scores_of(LAW, SIZES, noise=0.005))
    assert fitted.check is not None
    assert fitted.check.value == pytest.approx(float(LAW(1600)), abs=0.005)
    flattened = scores_of(LAW, SIZES, noise=0.0)
    flattened.by_seed[:, -1] = flattened.by_seed[:, -2]
    broken = curve(flattened)
    assert broken.check is not None
    assert broken.check.value > broken.scores[-1].value + 0.03, "a curve that stops rising is noticed"


def test_four_sizes_are_fitted_but_not_checked_and_three_are_not_fitted() -> None:
    four, three = (curve(scores_of(LAW, SIZES[:n], noise=0.005)) for n in (4, 3))
    assert four.law is not None
    assert four.check is None
    assert three.law is None
    assert (three.line, three.extrapolations) == ((), ())
    assert len(three.scores) == 3


# --- resampling ---


def measured(strategy: str, seed: int, sentences: int, primary: Sequence[int]) -> Measured:
    return Measured(strategy, seed, sentences, 0.0, np.array(primary))


GOLD = np.array([0, 1, 2, 3] * 5)
DOCS = [f"doc-{i // 4}" for i in range(20)]
WRONG = np.roll(GOLD, 1)


def test_scores_are_means_over_seeds_and_resamples_vary() -> None:
    half = np.where(np.arange(20) < 10, GOLD, WRONG)
    models = [measured(RANDOM, 0, 10, GOLD), measured(RANDOM, 1, 10, half)]
    scores = resample(models, GOLD, DOCS, resamples=200, seed=0)
    assert scores.by_seed[0, 0] == 1.0
    assert 0.4 < scores.by_seed[1, 0] < 0.6
    assert scores.means.max() == 1.0, "both times the perfect seed was drawn"
    assert scores.means.min() < 0.5, "both times the other one, and unlucky documents"


def test_equal_models_of_two_strategies_do_not_differ_in_any_resample() -> None:
    half = np.where(np.arange(20) < 10, GOLD, WRONG)
    one, other = (
        resample(
            [measured(strategy, s, 10, p) for s, p in enumerate((GOLD, half))],
            GOLD,
            DOCS,
            resamples=50,
            seed=3,
        )
        for strategy in (SELECT, RANDOM)
    )
    assert difference(one, other) == [Estimate(0.0, 0.0, 0.0)]


def test_a_better_strategy_has_a_positive_difference() -> None:
    right = resample([measured(SELECT, 0, 10, GOLD)], GOLD, DOCS, resamples=50, seed=3)
    wrong = resample([measured(RANDOM, 0, 10, WRONG)], GOLD, DOCS, resamples=50, seed=3)
    (better,) = difference(right, wrong)
    assert better.value == 1.0
    assert better.low > 0


# --- sets that grow ---


class Spy:
    """A learner that remembers what it was given, knows every sentence, and half misses denials."""

    def __init__(self, rows: Sequence[LabelledSentence]) -> None:
        self.gold = {row.text: row.labels for row in rows}
        self.sets: list[list[LabelledSentence]] = []

    def __call__(
        self, train: Sequence[LabelledSentence], validation: Sequence[LabelledSentence], seed: int
    ) -> Any:
        self.sets.append([*train, *validation])
        assert not {row.doc for row in train} & {row.doc for row in validation}
        return self.logits

    def logits(self, texts: Sequence[str]) -> Any:
        found = {Label.DENIAL: -0.5}
        rows = [
            [found.get(label, 8.0) if label in self.gold[text] else -8.0 for label in LABELS]
            for text in texts
        ]
        return np.array(rows, dtype=np.float32)


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[LabelledSentence]:
    return read_labelled(write_jsonl(tmp_path_factory.mktemp("rows") / "a.jsonl", labelled_records()))


def grown(
    strategy: str,
    rows: Sequence[LabelledSentence],
    seed: int = 0,
    sizes: tuple[int, ...] = (100, 200, 300),
) -> list[list[LabelledSentence]]:
    spy = Spy(rows)
    growth = Growth(strategy, sizes, seed, candidates=400, validation_fraction=0.2)
    assert len(list(grow(growth, spy, rows, rows[:50]))) == len(sizes)
    return spy.sets


@pytest.mark.parametrize("strategy", [DOCUMENTS, RANDOM, SELECT])
def test_every_set_has_its_size_and_holds_the_smaller_ones(
    strategy: str, rows: list[LabelledSentence]
) -> None:
    small, middle, large = ({row.place for row in of_size} for of_size in grown(strategy, rows))
    assert (len(small), len(middle), len(large)) == (100, 200, 300)
    assert small < middle < large


def test_documents_are_taken_whole_but_for_the_last(rows: list[LabelledSentence]) -> None:
    taken = grown(DOCUMENTS, rows)[0]
    in_full = {doc: sum(row.doc == doc for row in rows) for doc in {row.doc for row in rows}}
    cut = [doc for doc in {r.doc for r in taken} if sum(r.doc == doc for r in taken) < in_full[doc]]
    assert len(cut) <= 1
    assert len({row.doc for row in grown(RANDOM, rows)[0]}) > 30, "sentences at random are from everywhere"


def test_select_starts_as_random_does_and_goes_on_with_what_the_model_is_unsure_of(
    rows: list[LabelledSentence],
) -> None:
    at_random, chosen = (grown(strategy, rows, sizes=(300, 400)) for strategy in (RANDOM, SELECT))
    before = {row.place for row in chosen[0]}
    assert {row.place for row in at_random[0]} == before
    by_chance, wanted = (
        sum(Label.DENIAL in row.labels for row in sets[1] if row.place not in before)
        for sets in (at_random, chosen)
    )
    assert wanted >= 2 * by_chance > 0


def test_another_seed_makes_other_sets(rows: list[LabelledSentence]) -> None:
    one, other, again = (grown(RANDOM, rows, seed) for seed in (0, 1, 0))
    assert {r.place for r in one[0]} != {r.place for r in other[0]}
    assert one == again


def test_a_model_is_measured_with_thresholds_fitted_on_its_validation_sentences(
    rows: list[LabelledSentence],
) -> None:
    """The logits rank denials rightly but lie far below zero: only a fitted threshold finds them."""

    def shifted(train: Any, validation: Any, seed: int) -> Any:
        gold = {row.text: row for row in rows}
        return lambda texts: np.array(
            [
                [-3.0 + (label in gold[text].labels) - (label is Label.FACTUAL_REPORT) for label in LABELS]
                for text in texts
            ],
            dtype=np.float32,
        )

    growth = Growth(RANDOM, (300,), 0, candidates=10, validation_fraction=0.2)
    (one,) = grow(growth, shifted, rows, rows[:200])
    assert one.macro_f1 == 1.0
    assert one.primary.tolist() == primaries(rows[:200]).tolist()
    (even,) = grow(replace(growth, fit_thresholds=False), shifted, rows, rows[:200])
    assert (even.primary == NONE).all(), "no label is more likely than not"


def test_small_sets_with_as_many_of_each_class_are_split_all_the_same() -> None:
    few = [LabelledSentence(f"{i}", LABELS[i % 5 : i % 5 + 1], f"doc-{i}", "", f"{i}") for i in range(20)]
    growth = Growth(RANDOM, (20,), 0, candidates=10, validation_fraction=0.1)
    spy = Spy(few)
    assert [one.sentences for one in grow(growth, spy, few, few)] == [20]
    assert len(spy.sets[0]) == 20


def test_an_unknown_strategy_is_an_error() -> None:
    with pytest.raises(OptionError, match="documents or random or select"):
        Growth("best", (100,), 0, candidates=10, validation_fraction=0.2)


# --- what learns ---


def test_tfidf_learns_the_task(rows: list[LabelledSentence]) -> None:
    growth = Growth(RANDOM, (400,), 0, candidates=10, validation_fraction=0.2)
    learn = learner("tfidf", TrainingConfig())
    (one,) = grow(growth, learn, rows, rows[400:])
    assert one.macro_f1 > 0.9


def test_fine_tuning_gives_logits_in_the_order_of_the_texts(
    rows: list[LabelledSentence], base_model: Path
) -> None:
    config = TrainingConfig().with_values(
        {
            "base_model": str(base_model),
            "epochs": 1,
            "batch_size": 32,
            "learning_rate": 0.005,
            "window_length": 32,
            "window_overlap": 8,
        }
    )
    learn = learner("fine-tune", config, least_steps=40)
    logits = learn(rows[:300], rows[300:360], 0)
    texts = [row.text for row in rows[360:]]
    together = logits(texts)
    assert together.shape == (len(texts), 4)
    assert np.allclose(together[::-1], logits(texts[::-1]), atol=1e-4)
    gold = primaries(rows[360:])
    assert (together.argmax(axis=1) == gold)[gold < 4].mean() > 0.6, "one epoch of ten steps would not do"


def test_fine_tuning_goes_on_from_a_model(rows: list[LabelledSentence], tiny_dir: Path) -> None:
    hardly = {"from_model": str(tiny_dir), "epochs": 1, "learning_rate": 1e-8, "window_length": 32}
    logits = learner("fine-tune", TrainingConfig().with_values({**hardly, "window_overlap": 8}))(
        rows[:64], rows[64:96], 0
    )
    texts = [row.text for row in rows[:5]]
    of_the_model = ClaimClassifier.from_pretrained(tiny_dir, backend="torch").logits(texts)
    assert np.allclose(logits(texts), of_the_model, atol=1e-3)


def test_static_needs_an_encoder_and_uses_it(rows: list[LabelledSentence], base_model: Path) -> None:
    with pytest.raises(ConfigurationError, match="--base-model"):
        learner("static", TrainingConfig().with_values({"base_model": "nowhere/at-all"}))
    learn = learner("static", TrainingConfig().with_values({"base_model": str(base_model)}))
    assert learn(rows[:200], rows[200:260], 0)([rows[0].text, rows[1].text]).shape == (2, 4)


def test_an_unknown_learner_is_an_error() -> None:
    with pytest.raises(OptionError, match="fine-tune or tfidf or static"):
        learner("magic", TrainingConfig())


# --- the command ---


@pytest.mark.parametrize("given", ["", "100,abc", "0", "-5", "10,2000", "1e2"])
def test_impossible_sizes_are_named(given: str) -> None:
    with pytest.raises(OptionError, match="sizes"):
        parse_sizes(given, available=1000)


def test_sizes_are_put_in_order_and_named_once() -> None:
    assert parse_sizes("400,100,400", available=1000) == (100, 400)


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory that the command makes, with both strategies."""
    folder = tmp_path_factory.mktemp("curve")
    records = labelled_records()
    dev = [{**record, "doc": f"dev-{record['doc']}"} for record in records[500:]]
    learned = {**records[0], "text": "Osmani rows home .", "doc": dev[0]["doc"]}
    config = folder / "config.yaml"
    config.write_text(CONFIG, encoding="utf-8")
    learning_curve(
        [str(write_jsonl(folder / "train.jsonl", [*records[:450], *records[500:510], learned]))],
        dev=str(write_jsonl(folder / "dev.jsonl", dev)),
        output=folder / "out",
        sizes="60,120,180,240,300",
        seeds=2,
        learner_name="tfidf",
        config=config,
        strategy=["random", "select"],
        resamples=20,
    )
    return folder / "out"


def test_the_document_holds_every_figure(output: Path) -> None:
    document = json.loads((output / "learning_curve.json").read_text(encoding="utf-8"))
    assert document["sentences"] == 450, "ten texts that are in dev and one of its documents were left out"
    assert document["learner"] == "tfidf"
    assert list(document["strategies"]) == ["random", "select"]
    for of_strategy in document["strategies"].values():
        assert [point["sentences"] for point in of_strategy["measured"]] == [60, 120, 180, 240, 300]
        for point in of_strategy["measured"]:
            assert len(point["by_seed"]) == 2
            assert point["macro_f1"]["value"] == pytest.approx(np.mean(point["by_seed"]))
            assert point["macro_f1"]["low"] <= point["macro_f1"]["value"] <= point["macro_f1"]["high"]
        assert [far["factor"] for far in of_strategy["extrapolations"]] == [2, 4]
    first = document["select_minus_random"][0]
    assert first == {"sentences": 60, "macro_f1": {"value": 0.0, "low": 0.0, "high": 0.0}}
    assert len(document["select_minus_random"]) == 5


def test_the_plot_is_drawn_twice(output: Path) -> None:
    assert {path.name for path in output.iterdir()} == {
        f"learning_curve.{kind}" for kind in ("json", "svg", "png")
    }
    assert (output / "learning_curve.png").read_bytes().startswith(b"\x89PNG")
    assert (output / "learning_curve.svg").read_text(encoding="utf-8").rstrip().endswith("</svg>")


def test_what_more_data_would_bring_is_said_in_words() -> None:
    fitted = curve(scores_of(LAW, SIZES, noise=0.005))
    twice, four, check = in_words({"documents": fitted})
    assert twice.startswith("Twice the data (3,200 sentences): about +5.")
    assert four.startswith("Four times the data (6,400 sentences): about +")
    assert " to +" in twice
    assert check.startswith("Tried on what is known:")
    assert in_words({"random": fitted, "select": fitted})[3].startswith("select: Twice")


def test_too_few_sizes_are_said_to_be_too_few() -> None:
    few = Curve((10, 20), (Estimate(0.1, 0, 1),) * 2, np.zeros((1, 2)), None, (), (), None)
    assert in_words({"documents": few}) == ["No curve was fitted: that takes 4 sizes or more."]


def test_without_a_dev_set_whole_documents_are_held_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG, encoding="utf-8")
    learning_curve(
        [str(write_jsonl(tmp_path / "a.jsonl", labelled_records()))],
        output=tmp_path / "out",
        config=config,
        seeds=1,
        sizes="100,200",
        learner_name="tfidf",
        resamples=2,
    )
    document = json.loads((tmp_path / "out" / "learning_curve.json").read_text(encoding="utf-8"))
    assert document["sentences"] + document["dev"] == len(labelled_records())
    assert 0.1 < document["dev"] / len(labelled_records()) < 0.3
    assert "No curve was fitted" in capsys.readouterr().out


def test_the_configuration_says_whether_thresholds_are_fitted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(f"{CONFIG}fit_thresholds: false\n", encoding="utf-8")
    grown: list[Growth] = []

    def watched(growth: Growth, *given: Any) -> Iterator[Measured]:
        grown.append(growth)
        return grow(growth, *given)

    monkeypatch.setattr("training.learning_curve.grow", watched)
    learning_curve(
        [str(write_jsonl(tmp_path / "a.jsonl", labelled_records()))],
        output=tmp_path / "out",
        config=config,
        seeds=1,
        sizes="100",
        learner_name="tfidf",
        resamples=2,
    )
    assert [growth.fit_thresholds for growth in grown] == [False]


def test_a_taken_output_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(OutputExistsError):
        learning_curve(["no.jsonl"], output=tmp_path)


def test_sets_too_small_to_split_are_an_error_and_leave_nothing(tmp_path: Path) -> None:
    data = write_jsonl(tmp_path / "a.jsonl", labelled_records())
    with pytest.raises(LabelledDataError, match=r"of one document, cannot be split.*--strategy random"):
        learning_curve([str(data)], output=tmp_path / "out", sizes="3,400", learner_name="tfidf")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("sentences", "documents", "least"),
    [(100, 100, 20), (210, 12, 40), (60, 60, 20)],
    ids=["some sentences", "large documents", "few sentences"],
)
def test_default_sizes_that_are_too_small_are_left_out(
    tmp_path: Path, sentences: int, documents: int, least: int
) -> None:
    records = [
        {**record, "doc": f"doc-{number % documents}"}
        for number, record in enumerate(labelled_records()[:sentences])
    ]
    learning_curve(
        [str(write_jsonl(tmp_path / "a.jsonl", records))],
        output=tmp_path / "out",
        seeds=1,
        learner_name="tfidf",
        resamples=2,
    )
    document = json.loads((tmp_path / "out" / "learning_curve.json").read_text(encoding="utf-8"))
    sizes = [point["sentences"] for point in document["strategies"]["documents"]["measured"]]
    assert len(sizes) > 1
    assert sizes[-1] == document["sentences"]
    assert least <= sizes[0] < 2 * least + 10


def test_the_command_says_what_is_wrong_in_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "training.learning_curve", "no.jsonl", "--learner", "tfidf"]
    done = subprocess.run(
        [*command, "--output", str(tmp_path / "out")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("[E501] no.jsonl")
    assert "Traceback" not in done.stderr
