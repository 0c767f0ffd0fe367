from __future__ import annotations

import csv
import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claimclf import Label
from claimclf.decision import IDENTITY, UNCHANGED, Temperature, decide
from claimclf.errors import LabelledDataError, OptionError, OutputExistsError
from claimclf.prediction import Prediction, Scores
from tests.conftest import NAMES, labelled_records, write_jsonl
from training.data import read_labelled
from training.labelling_tasks import TO_LABEL, LabellingTask, labelling_config, write_tasks
from training.near_duplicates import shingles, similarities
from training.pool import PoolSentence, read_known, sample_pool, sentence_key
from training.select import select
from training.selection import (
    RANDOM,
    UNCERTAIN,
    choose,
    distances_to_thresholds,
    margins_of,
)

TEMPERATURES = (Temperature(1.3, 2.1), Temperature(0.7, 0.5), UNCHANGED, Temperature(2.0, 0.9))
NOWHERE_NEAR = [-9.0, -9.0, -9.0, 9.0]


def different_texts(n: int) -> list[str]:
    """Sentences of made-up words, no two alike."""
    rng = np.random.default_rng(0)
    letters = list("abcdefghijklmnopqrstuvwxyz")
    return [" ".join("".join(rng.choice(letters, 8)) for _ in range(6)) for _ in range(n)]


def logits_of(rows: list[list[float]]) -> Any:
    return np.array(rows, dtype=np.float32)


# --- how near a decision is to another ---


@given(
    logits=st.lists(st.floats(-8, 8, width=32), min_size=4, max_size=4),
    thresholds=st.lists(st.floats(0.05, 0.95), min_size=4, max_size=4),
)
def test_a_smaller_move_than_the_distance_never_changes_the_labels(
    logits: list[float], thresholds: list[float]
) -> None:
    calibration = replace(IDENTITY, temperatures=TEMPERATURES, thresholds=tuple(thresholds))
    margins = margins_of(logits_of([logits]), calibration)
    distance = float(distances_to_thresholds(margins).min())
    before = set(decide(logits, calibration).labels)
    for label, temperature in enumerate(calibration.temperatures):
        for direction in (-0.99, 0.99):
            log_odds = temperature.of(logits[label]) + direction * distance
            moved = list(logits)
            moved[label] = log_odds * (temperature.above if log_odds > 0 else temperature.below)
            if distance > 1e-3:
                assert set(decide(moved, calibration).labels) == before


def test_a_move_over_the_nearest_threshold_changes_the_labels() -> None:
    calibration = replace(
        IDENTITY,
        temperatures=(Temperature(1.0, 2.0), UNCHANGED, UNCHANGED, UNCHANGED),
        thresholds=(0.7, 0.5, 0.5, 0.5),
    )
    logits = [1.0, -5.0, -5.0, -4.0]
    distances = distances_to_thresholds(margins_of(logits_of([logits]), calibration))[0]
    assert distances.argmin() == 0
    over = [logits[0] + 1.01 * 2.0 * distances[0], *logits[1:]]
    assert decide(logits, calibration).labels == ()
    assert decide(over, calibration).labels == (Label.ACCUSATION,)


# --- which sentences are chosen ---


def test_the_uncertain_are_chosen_and_the_certain_are_not() -> None:
    texts = different_texts(100)
    rows = [NOWHERE_NEAR] * 100
    for i in range(0, 100, 10):
        rows[i] = [-9.0, 0.1, -9.0, 9.0]
    chosen = choose(texts, logits_of(rows), IDENTITY, 10, seed=1, random_share=0.0)
    assert sorted(choice.index for choice in chosen) == list(range(0, 100, 10))
    assert {choice.stratum for choice in chosen} == {UNCERTAIN}


def test_nearness_is_measured_to_the_thresholds_and_not_to_one_half() -> None:
    calibration = replace(IDENTITY, thresholds=(0.9, 0.9, 0.9, 0.9))
    rows = [[-9.0, 0.0, -9.0, 9.0], [-9.0, 2.2, -9.0, 9.0]]  # scores 0.5 and 0.9 of denial
    chosen = choose(different_texts(2), logits_of(rows), calibration, 1, seed=0, random_share=0.0)
    assert [choice.index for choice in chosen] == [1]


def test_the_random_share_is_drawn_from_all_and_marked() -> None:
    texts = different_texts(300)
    rows = [[0.0, 0.0, 0.0, 0.0]] * 30 + [NOWHERE_NEAR] * 270
    chosen = choose(texts, logits_of(rows), IDENTITY, 20, seed=3, random_share=0.5)
    assert Counter(choice.stratum for choice in chosen) == {RANDOM: 10, UNCERTAIN: 10}
    at_random = [choice.index for choice in chosen if choice.stratum == RANDOM]
    assert sum(index >= 30 for index in at_random) >= 6
    assert all(choice.index < 30 for choice in chosen if choice.stratum == UNCERTAIN)


def test_the_random_share_is_uniform() -> None:
    """Over many seeds each sentence is drawn about equally often, however certain the model is of it."""
    texts = different_texts(20)
    rows = [[0.0] * 4] * 10 + [NOWHERE_NEAR] * 10
    drawn = Counter(
        choice.index
        for seed in range(200)
        for choice in choose(texts, logits_of(rows), IDENTITY, 5, seed=seed, random_share=1.0)
    )
    assert sum(drawn.values()) == 1000
    assert 25 < min(drawn.values()) <= max(drawn.values()) < 80  # 50 expected, standard deviation 6


def test_the_order_is_a_mix_of_both_kinds() -> None:
    chosen = choose(
        different_texts(100), logits_of([[0.0] * 4] * 100), IDENTITY, 40, seed=2, random_share=0.5
    )
    assert 5 <= sum(choice.stratum == RANDOM for choice in chosen[:20]) <= 15


def test_different_topics_are_covered_where_all_are_equally_uncertain() -> None:
    about = {
        "harbour": "the harbour crane fell on the quay near dock number {}",
        "school": "pupils of the village school wrote an exam in classroom {}",
        "wheat": "wheat and barley prices rose again on exchange floor {}",
    }
    others = different_texts(60)
    texts = [
        line.format(" ".join(others[20 * k + i].split()[:2]))
        for k, line in enumerate(about.values())
        for i in range(20)
    ]
    # The first topic is nearer to its threshold by a hair: without diversity it alone would be chosen.
    rows = [[-9.0, 0.01 + 0.01 * (i >= 20), -9.0, 9.0] for i in range(60)]
    chosen = choose(texts, logits_of(rows), IDENTITY, 6, seed=0, random_share=0.0)
    assert {choice.index // 20 for choice in chosen} == {0, 1, 2}


def test_near_identical_sentences_are_never_chosen_twice() -> None:
    unique = different_texts(5)
    texts = [text + ending for text in unique for ending in ("", "!", " .", " now")]
    chosen = choose(texts, logits_of([[0.0] * 4] * 20), IDENTITY, 20, seed=0)
    assert sorted(choice.index // 4 for choice in chosen) == [0, 1, 2, 3, 4]


def test_nothing_near_identical_to_a_labelled_sentence_is_chosen() -> None:
    texts = different_texts(10)
    labelled = [text.upper() + " now" for text in texts[:7]]
    chosen = choose(texts, logits_of([[0.0] * 4] * 10), IDENTITY, 10, seed=0, labelled=labelled)
    assert sorted(choice.index for choice in chosen) == [7, 8, 9]


def test_long_sentences_are_near_identical_too() -> None:
    text = (
        "The Kesh Courier reported on {} that the governor of the northern province had told the police to "
        "clear the square in front of the railway station, which his spokesman denied in a statement."
    )
    days = [text.format(day) for day in ("Monday", "Sunday", "Friday")]
    assert similarities(shingles(days), shingles(days[:1])) == pytest.approx([1, 0.9, 0.9], abs=0.05)
    chosen = choose([*days, "He left."], logits_of([[0.0] * 4] * 4), IDENTITY, 4, seed=0, labelled=days[:1])
    assert [choice.index for choice in chosen] == [3]


def test_a_choice_depends_on_the_seed_alone() -> None:
    texts = different_texts(80)
    logits = np.random.default_rng(5).normal(size=(80, 4)).astype(np.float32)
    first, again, other = (choose(texts, logits, IDENTITY, 10, seed=seed) for seed in (7, 7, 8))
    assert first == again != other


@settings(deadline=None, max_examples=30)
@given(
    texts=st.lists(st.text(max_size=40), min_size=1, max_size=12),
    n=st.integers(1, 15),
    share=st.floats(0, 1),
    data=st.data(),
)
def test_any_texts_and_logits_give_different_sentences(
    texts: list[str], n: int, share: float, data: st.DataObject
) -> None:
    number = st.one_of(st.floats(-50, 50, width=32), st.just(float("-inf")))
    rows = [data.draw(st.lists(number, min_size=4, max_size=4)) for _ in texts]
    chosen = choose(texts, logits_of(rows), IDENTITY, n, seed=0, random_share=share)
    indices = [choice.index for choice in chosen]
    assert len(set(indices)) == len(indices) <= min(n, len(texts))
    assert chosen, "there is always one"


# --- the pool ---


def pool_file(path: Path, texts: list[str]) -> str:
    return str(write_jsonl(path, [{"text": text} for text in texts]))


def test_a_small_pool_is_taken_whole_once_each(tmp_path: Path) -> None:
    source = pool_file(tmp_path / "a.jsonl", ["He left.", "She stayed.", "he  LEFT!", "They came."])
    sample = sample_pool([source], size=10, seed=0, known={sentence_key("They came")})
    assert sorted(s.text for s in sample.sentences) == ["He left.", "She stayed."]
    assert (sample.read, sample.known, sample.unusable) == (4, 1, 0)


def test_a_sample_is_uniform_over_different_sentences(tmp_path: Path) -> None:
    """The first sentence stands there fifty times, and is drawn as often as the others."""
    texts = ["Again and again."] * 50 + [f"Sentence {i}." for i in range(19)]
    source = pool_file(tmp_path / "a.jsonl", texts)
    drawn = Counter(s.text for seed in range(200) for s in sample_pool([source], size=5, seed=seed).sentences)
    assert sum(drawn.values()) == 1000
    assert 25 < min(drawn.values()) <= max(drawn.values()) < 80
    assert drawn["Again and again."] < 80


def test_the_order_of_the_pool_does_not_change_the_sample(tmp_path: Path) -> None:
    texts = different_texts(50)
    forwards = pool_file(tmp_path / "a.jsonl", texts)
    backwards = pool_file(tmp_path / "b.jsonl", texts[::-1])
    one, other = (sample_pool([source], size=9, seed=4).sentences for source in (forwards, backwards))
    assert [s.text for s in one] == [s.text for s in other]
    assert len(one) == 9


def test_ids_and_documents_come_along(tmp_path: Path) -> None:
    records = [{"text": "He left.", "id": 7, "doc": "d"}, {"text": "She stayed.", "id": None}]
    source = str(write_jsonl(tmp_path / "a.jsonl", records))
    by_text = {s.text: s for s in sample_pool([source], size=5, seed=0).sentences}
    assert by_text["He left."] == PoolSentence("7", "He left.", "d")
    assert by_text["She stayed."].id == sentence_key("She stayed.")
    assert by_text["She stayed."].doc.endswith("line 2")


def test_records_without_a_text_are_counted_and_a_pool_without_any_is_an_error(tmp_path: Path) -> None:
    some = pool_file(tmp_path / "a.jsonl", ["He left.", " ", ""])
    assert sample_pool([some], size=5, seed=0).unusable == 2
    with pytest.raises(LabelledDataError, match="line 1"):
        sample_pool([pool_file(tmp_path / "b.jsonl", ["", " "])], size=5, seed=0)


def test_labelled_files_may_call_their_columns_otherwise(tmp_path: Path) -> None:
    from training.columns import Columns

    write_jsonl(tmp_path / "a.jsonl", [{"text": "He left.", "labels": []}])
    write_jsonl(tmp_path / "b.jsonl", [{"quote": "She stayed."}])
    sources = [str(tmp_path / name) for name in ("a.jsonl", "b.jsonl")]
    assert read_known(sources, Columns(text="quote")) == ["He left.", "She stayed."]


# --- what comes out ---


def task(text: str = "He denied it.", *labels: Label, stratum: str = UNCERTAIN) -> LabellingTask:
    prediction = Prediction(labels[0] if labels else None, 0.75, Scores((0.1, 0.9, 0.2, 0.1)), labels)
    return LabellingTask(PoolSentence("7", text, "doc-1"), stratum, prediction)


TASKS = [
    task("=1+1 says “the mayor”, and\nleaves", Label.ACCUSATION, Label.CALL_TO_ACTION),
    task("Thank you, <b>all</b> \ud800.", stratum=RANDOM),
]


def fill(path: Path, *labels: str) -> Path:
    """The file as it is when somebody has put labels in it."""
    if path.suffix == ".xlsx":
        book = openpyxl.load_workbook(path)
        for number, label in enumerate(labels, 2):
            book.active.cell(number, 1).value = label
        book.save(path)
    elif path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows({**row, "labels": label} for row, label in zip(rows, labels, strict=True))
    else:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        write_jsonl(path, [{**row, "labels": label} for row, label in zip(rows, labels, strict=True)])
    return path


@pytest.mark.parametrize("kind", ["csv", "jsonl", "xlsx"])
def test_a_sheet_comes_back_as_training_data(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"tasks.{kind}"
    write_tasks(path, TASKS, "tiny")
    first, second = read_labelled(fill(path, "accusation|denial", "none"))
    assert (first.text, first.labels) == (TASKS[0].sentence.text, (Label.ACCUSATION, Label.DENIAL))
    assert (second.text, second.labels) == ("Thank you, <b>all</b> \ufffd.", ())
    assert (first.doc, first.stratum, second.stratum) == ("doc-1", UNCERTAIN, RANDOM)


@pytest.mark.parametrize("kind", ["csv", "jsonl", "xlsx"])
def test_a_row_that_nobody_labelled_is_refused_and_not_read_as_none(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"tasks.{kind}"
    write_tasks(path, TASKS, "tiny")
    place = {"csv": "line 4", "jsonl": "line 2", "xlsx": "row 3"}[kind]
    with pytest.raises(LabelledDataError, match=rf"{place}: unknown label '\?'"):
        read_labelled(fill(path, "denial", TO_LABEL))


def test_the_suggestion_stands_beside_the_empty_label(tmp_path: Path) -> None:
    write_tasks(tmp_path / "tasks.csv", TASKS, "tiny")
    with (tmp_path / "tasks.csv").open(encoding="utf-8-sig", newline="") as file:
        first, second = csv.DictReader(file)
    assert (first["labels"], first["suggested"]) == (TO_LABEL, "accusation|call_to_action")
    assert (second["suggested"], second["confidence"], second["id"]) == ("none", "0.75", "7")


def test_a_spreadsheet_offers_the_labels_and_computes_nothing(tmp_path: Path) -> None:
    write_tasks(tmp_path / "tasks.xlsx", [*TASKS, task("bell \x07 rings")], "tiny")
    sheet = openpyxl.load_workbook(tmp_path / "tasks.xlsx").active
    (dropdown,) = sheet.data_validations.dataValidation
    assert str(dropdown.sqref) == "A2:A4"
    assert dropdown.formula1 == '"accusation,denial,call_to_action,factual_report,none"'
    assert sheet["B2"].data_type == "s", "a sentence that begins with = is no formula"
    assert sheet["B4"].value == "bell   rings"


def test_label_studio_gets_tasks_that_fit_the_configuration_beside_them(tmp_path: Path) -> None:
    write_tasks(tmp_path / "tasks.json", TASKS, "tiny")
    first, second = json.loads((tmp_path / "tasks.json").read_text(encoding="utf-8"))
    config = ET.fromstring((tmp_path / "tasks.xml").read_text(encoding="utf-8"))
    text, choices = config.find("Text"), config.find("Choices")
    assert text is not None
    assert choices is not None
    assert first["data"]["text"] == TASKS[0].sentence.text
    assert second["data"]["stratum"] == RANDOM
    assert text.get("value") == "$text"
    assert choices.get("choice") == "multiple"
    offered = {choice.get("value") for choice in choices}
    for document in (first, second):
        (prediction,) = document["predictions"]
        (result,) = prediction["result"]
        assert prediction["model_version"] == "tiny"
        assert 0 <= prediction["score"] <= 1
        assert (result["from_name"], result["to_name"]) == (choices.get("name"), text.get("name"))
        assert result["type"] == choices.tag.lower()
        assert set(result["value"]["choices"]) <= offered
    assert first["predictions"][0]["result"][0]["value"]["choices"] == ["accusation", "call_to_action"]
    assert second["predictions"][0]["result"][0]["value"]["choices"] == ["none"]


def test_the_configuration_explains_every_label() -> None:
    choices = ET.fromstring(labelling_config()).iter("Choice")
    hints = {choice.get("value"): choice.get("hint") for choice in choices}
    assert list(hints) == [*(label.value for label in Label), "none"]
    assert all(hints[label.value] == label.definition for label in Label)


@settings(deadline=None, max_examples=30)
@given(st.text())
def test_any_sentence_can_be_written_to_every_format(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    folder = tmp_path_factory.mktemp("tasks")
    for kind in ("csv", "jsonl", "xlsx", "json"):
        write_tasks(folder / f"tasks.{kind}", [task(text)], "tiny")
    (line,) = (folder / "tasks.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)[:1]
    assert (folder / "tasks.json").stat().st_size > len(line) / 4


# --- the command ---


@pytest.fixture
def pool(tmp_path: Path) -> str:
    records = [{"text": record["text"], "doc": record["doc"]} for record in labelled_records()]
    return str(write_jsonl(tmp_path / "pool.jsonl", records))


def test_the_command_chooses_new_sentences_and_leaves_labelled_ones(
    tmp_path: Path, tiny_dir: Path, pool: str
) -> None:
    known = [f"{name} met {NAMES[0]} on Monday ." for name in NAMES[1:]]
    labelled = write_jsonl(tmp_path / "known.jsonl", [{"text": text, "labels": []} for text in known])
    output = tmp_path / "out" / "tasks.csv"
    select([pool], model=str(tiny_dir), n=20, output=output, labelled=[str(labelled)], candidates=200)
    with output.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len({row["text"] for row in rows}) == len(rows) == 20
    assert not {row["text"] for row in rows} & set(known)
    assert Counter(row["stratum"] for row in rows) == {UNCERTAIN: 16, RANDOM: 4}
    assert [path.name for path in output.parent.iterdir()] == ["tasks.csv"]


def test_the_command_suggests_what_the_model_says(
    tmp_path: Path, tiny_dir: Path, tiny: Any, pool: str
) -> None:
    select([pool], model=str(tiny_dir), n=5, output=tmp_path / "tasks.jsonl", candidates=30)
    rows = [json.loads(line) for line in (tmp_path / "tasks.jsonl").read_text().splitlines()]
    for row, prediction in zip(rows, tiny.predict([row["text"] for row in rows]), strict=True):
        assert row["suggested"] == ("|".join(prediction.labels) or "none")
        assert row["confidence"] == pytest.approx(prediction.confidence, abs=1e-3)


def test_no_more_than_the_candidates_are_scored(
    tmp_path: Path, tiny_dir: Path, pool: str, capsys: pytest.CaptureFixture[str]
) -> None:
    select([pool], model=str(tiny_dir), n=5, output=tmp_path / "tasks.json", candidates=40)
    assert (
        f"{len(labelled_records())} sentences read; 40 different ones to be scored" in capsys.readouterr().err
    )


@pytest.mark.parametrize("name", ["tasks.txt", "tasks"])
def test_an_unknown_format_is_refused_before_any_work(tmp_path: Path, name: str) -> None:
    with pytest.raises(OptionError, match=r"\.json"):
        select(["no.jsonl"], model="no model", output=tmp_path / name)


def test_a_taken_output_or_configuration_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "tasks.xml").write_text("mine")
    with pytest.raises(OutputExistsError, match=r"tasks\.xml"):
        select(["no.jsonl"], model="no model", output=tmp_path / "tasks.json")
    assert (tmp_path / "tasks.xml").read_text() == "mine"


def test_a_pool_that_is_all_labelled_is_an_error(tmp_path: Path, tiny_dir: Path, pool: str) -> None:
    with pytest.raises(LabelledDataError, match="not labelled already"):
        select([pool], model=str(tiny_dir), output=tmp_path / "a.csv", labelled=[pool])


def test_the_command_says_what_is_wrong_in_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "training.select", "no.jsonl", "--output", str(tmp_path / "a.csv")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("[E501] no.jsonl")
    assert "Traceback" not in done.stderr
