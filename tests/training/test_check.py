from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import validate

import training
from claimclf.errors import ModelNotFoundError
from claimclf.labels import Label
from claimclf.model_dir import DEFAULT_MODEL, ModelDir
from tests.conftest import labelled_records, write_jsonl
from tests.training.conftest import command_line
from training.check import check, check_all, document
from training.checks import Finding
from training.columns import GUESSED
from training.data import LabelledSentence
from training.labelled_files import LabelledFile, check_files
from training.near_duplicates import THRESHOLD, near_duplicates, shingles, similarities
from training.sample_checks import TO_LEARN, check_sample, f1_half_width
from training.text_checks import check_texts

SCHEMA = json.loads((Path(training.__file__).parent / "schemas" / "check.json").read_text(encoding="utf-8"))
LONG = "The mayor of Kesh denied on {} that he had ever taken a bribe from a builder of the town."


def sentence(text: str, *labels: Label, doc: str = "", place: str = "") -> LabelledSentence:
    place = place or f"data.csv, line {abs(hash((text, labels))) % 1000}"
    return LabelledSentence(text, labels, doc or place, "", place, {})


def enough(n: int = TO_LEARN) -> list[LabelledSentence]:
    """Of each label and of none as many different sentences as can be learned from."""
    labels: list[tuple[Label, ...]] = [*((label,) for label in Label), ()]
    rng = random.Random(0)
    letters = "abcdefghijklmnopqrstuvwxyz"
    return [
        sentence(
            " ".join("".join(rng.choices(letters, k=7)) for _ in range(6)),
            *labels[i % len(labels)],
            place=f"data.csv, line {i + 2}",
        )
        for i in range(n * len(labels))
    ]


def codes(findings: Sequence[Finding]) -> set[str]:
    return {finding.code for finding in findings}


def the(code: str, findings: Sequence[Finding]) -> Finding:
    """The only finding of that code."""
    (found,) = (finding for finding in findings if finding.code == code)
    return found


@pytest.fixture
def model(tiny_dir: Path) -> ModelDir:
    return ModelDir.open(tiny_dir)


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    return write_jsonl(tmp_path / "clean.jsonl", labelled_records())


# --- the command ---


def test_errors_end_with_code_1_and_name_line_and_cure(tmp_path: Path, tiny_dir: Path) -> None:
    data = tmp_path / "data.csv"
    data.write_text("text,label\nHe denied it all.,denail\nThey met.,none\n,denial\n", encoding="utf-8")
    done = command_line(check, str(data), "--model", str(tiny_dir))
    assert done.exit_code == 1
    assert "unknown label 'denail'" in done.output
    assert "Did you mean denial?" in done.output
    assert f"{data}, line 2" in done.output
    assert f"{data}, line 4" in done.output
    assert "Errors: 2." in done.output


def test_warnings_end_with_code_0(clean: Path, tiny_dir: Path) -> None:
    done = command_line(check, str(clean), "--model", str(tiny_dir))
    assert done.exit_code == 0, done.output
    assert "Errors: 0." in done.output
    assert "clean.jsonl (train)" in done.output


def test_json_is_as_its_schema_says_and_quotes_no_sentence(tmp_path: Path, tiny_dir: Path) -> None:
    secret = "Minister Xanthippe denied the xylophone affair on {} and left the chamber."
    records = [
        {"text": secret.format("Monday"), "labels": ["denial"]},
        {"text": secret.format("Monday"), "labels": ["accusation"]},
        {"text": secret.format("Friday"), "labels": ["denial"]},
        {"text": "", "labels": []},
    ]
    data = write_jsonl(tmp_path / "data.jsonl", records)
    dev = write_jsonl(tmp_path / "dev.jsonl", records[:1])
    done = command_line(check, str(data), "--dev", str(dev), "--model", str(tiny_dir), "--json")
    assert done.exit_code == 1
    found = json.loads(done.stdout)
    validate(found, SCHEMA)
    assert "Xanthippe" not in done.stdout
    assert found["errors"] == 1
    assert {"E501", "W505", "W506", "W507", "W510"} <= {finding["code"] for finding in found["findings"]}
    assert [file["use"] for file in found["files"]] == ["train", "dev"]
    assert found["files"][0]["unreadable"] == 1


def test_only_the_first_places_are_shown_unless_all_are_asked_for(tmp_path: Path, tiny_dir: Path) -> None:
    records = [{"text": f"Thank you {i:b}.", "labels": [f"label{i}"]} for i in range(9)]
    data = write_jsonl(tmp_path / "data.jsonl", records)
    few = command_line(check, str(data), "--model", str(tiny_dir)).output
    every = command_line(check, str(data), "--model", str(tiny_dir), "--all").output
    assert "and 4 more: --all shows them" in few
    assert "line 9" not in few
    assert "line 9" in every


def test_a_hostile_text_moves_no_cursor(tmp_path: Path, tiny_dir: Path) -> None:
    data = write_jsonl(tmp_path / "data.jsonl", [{"text": "He said \x1b[2J[red]no", "labels": ["x\x1b[2J"]}])
    done = command_line(check, str(data), "--model", str(tiny_dir))
    assert done.exit_code == 1
    assert "\x1b[2J" not in done.output


def test_a_model_that_is_not_there_is_an_error(clean: Path) -> None:
    assert isinstance(command_line(check, str(clean), "--model", "nowhere").exception, ModelNotFoundError)


def test_from_a_shell(tmp_path: Path) -> None:
    data = tmp_path / "data.csv"
    data.write_text("text,label\nHe denied it all.,denail\n", encoding="utf-8")
    command = [sys.executable, "-m", "training.check", str(data)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "denail" in done.stdout
    assert "Traceback" not in done.stderr


# --- files ---


def read(path: Path, content: bytes) -> LabelledFile:
    path.write_bytes(content)
    return LabelledFile.read(str(path), "train", GUESSED)


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("empty.csv", b"", "empty.csv"),
        ("no-lines.csv", b"text,label\n", "holds no sentence"),
        ("no-labels.csv", b"text,author\nHe left.,Kesh\n", "labels"),
        ("photo.csv", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00", "photo.csv"),
        ("half.jsonl", b'{"text": "He left.", "labels": []}\n{"text": "He', "line 2"),
        ("book.xlsx", b"PK\x03\x04 but no workbook", "book.xlsx"),
        ("letter.docx", b"PK\x03\x04", "letter.docx"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_error(
    tmp_path: Path, name: str, content: bytes, problem: str
) -> None:
    (finding,) = check_files([read(tmp_path / name, content)])
    assert finding.is_error
    assert problem in f"{finding} {finding.places}"


def test_what_stands_before_a_broken_line_is_read_all_the_same(tmp_path: Path) -> None:
    file = read(tmp_path / "a.csv", b"text,label\nHe left.,none\nHe denied it.,denail\nThey met.,none\n")
    assert [row.text for row in file.rows] == ["He left.", "They met."]
    assert the("E501", check_files([file])).places[0].at.endswith("line 3")


def test_swapped_columns_are_suspected(tmp_path: Path) -> None:
    swapped = b"label,text\nHe denied that he took the money.,denial\nThey met in the town of Kesh.,none\n"
    findings = check_files([read(tmp_path / "a.csv", swapped)])
    assert "--text-column" in the("W520", findings).cure


def test_a_windows_file_is_read_and_mojibake_is_seen(tmp_path: Path, model: ModelDir) -> None:
    ansi = read(tmp_path / "ansi.csv", "text,label\nHe said “no” – again.,denial\n".encode("cp1252"))
    findings = check_all([ansi], model)
    assert any("ansi.csv" in str(finding) and "UTF-8" in str(finding) for finding in findings) or (
        ansi.rows[0].text == "He said “no” – again."
    )
    mojibake = read(tmp_path / "m.csv", "text,label\nHe said â€œnoâ€\x9d â€“ again.,denial\n".encode())
    assert the("W517", check_all([mojibake], model)).places[0].detail == "mojibake"


# --- the sample ---


def test_a_sound_sample_has_no_findings() -> None:
    assert check_sample(enough()) == []


def test_the_same_sentence_with_other_labels_is_a_contradiction() -> None:
    twice = [
        sentence("He denied it.", Label.DENIAL, place="a.csv, line 2"),
        sentence("He DENIED it!", place="a.csv, line 9"),
    ]
    (place,) = the("W506", check_sample([*enough(), *twice])).places
    assert (place.at, place.beside, place.detail) == (
        "a.csv, line 9",
        "a.csv, line 2",
        "none here, denial there",
    )


def test_labels_of_which_there_are_few_are_counted() -> None:
    rows = [row for row in enough() if row.labels != (Label.DENIAL,)]
    finding = the("W510", check_sample([*rows, sentence("He denied it.", Label.DENIAL)]))
    assert "denial 1" in finding.problem
    assert "accusation" not in finding.problem


def test_a_sample_without_none_is_thin() -> None:
    assert "W503" in codes(check_sample([row for row in enough() if row.labels]))


def test_a_dev_set_too_small_to_measure_on_says_how_wide_the_interval_is() -> None:
    finding = the("W511", check_sample(enough(), [sentence("He denied it.", Label.DENIAL)]))
    assert f"denial 1 (±{100 * f1_half_width(0.8, 1):.0f} points)" in finding.problem


def test_leakage_is_seen_exact_near_and_by_document() -> None:
    train = [*enough(), sentence(LONG.format("Monday"), Label.DENIAL, doc="herald", place="a.csv, line 2")]
    dev = [
        sentence(LONG.format("monday").upper(), Label.DENIAL, place="dev.csv, line 2"),
        sentence(LONG.format("Friday"), Label.DENIAL, place="dev.csv, line 3"),
        sentence("Thank you all.", doc="herald", place="dev.csv, line 4"),
    ]
    findings = check_sample(train, dev)
    for code, line in (("W505", 2), ("W508", 3), ("W509", 4)):
        (place,) = the(code, findings).places
        assert (place.at, place.beside) == (f"dev.csv, line {line}", "a.csv, line 2")


def test_one_document_that_is_most_of_the_sample_is_named() -> None:
    rows = enough()
    many = [sentence(row.text + " again and on", *row.labels, doc="herald", place=row.place) for row in rows]
    assert "'herald'" in the("W512", check_sample([*rows[:100], *many])).problem


# --- the texts ---


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Der Minister hat den Vorwurf am Donnerstag in Berlin entschieden zurückgewiesen.", "W513"),
        ("Le ministre a rejeté jeudi à Paris toutes les accusations de l'opposition.", "W513"),
        ("the ministry denied it " * 40, "W514"),
        ("Yes.", "W515"),
        ("He denied it. They met on Monday in Kesh.", "W516"),
        ("The MinistÃ¨re said the dÃ©fense was a lie.", "W517"),
        ("He said \ufffdno\ufffd to the whole of it.", "W517"),
        ("He said &quot;no&quot; to the whole of it.", "W518"),
        ("He said <b>no</b> to the whole of it.", "W518"),
        ("He de\u00adnied the whole of it on Monday.", "W519"),
    ],
)
def test_odd_texts_are_found(text: str, code: str, model: ModelDir) -> None:
    assert code in codes(check_texts([sentence(text)], model))


@pytest.mark.parametrize(
    "text",
    [
        "She accused Valdoria of buying votes.",
        "Prime Minister Jean-Luc Müller denied that São Tomé had taken the €5 million – “not one cent”.",
        "AT&T rejected the claim; profits were < 5 %, it said.",
    ],
)
def test_sound_texts_are_not(text: str) -> None:
    assert check_texts([sentence(text)], ModelDir.open(DEFAULT_MODEL)) == []


@given(st.lists(st.text(min_size=1, max_size=60), min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_no_text_is_too_odd_to_be_checked(texts: list[str]) -> None:
    rows = [sentence(text, place=f"a.csv, line {i}") for i, text in enumerate(texts)]
    check_sample(rows, rows)


@given(st.text(min_size=1, max_size=60).map(lambda text: text.strip() or "x"))
@settings(max_examples=40, deadline=None)
def test_any_text_gives_valid_json(tiny_dir: Path, text: str) -> None:
    with TemporaryDirectory() as folder:
        data = write_jsonl(
            Path(folder) / "a.jsonl", [{"text": text, "labels": [text]}, {"text": text, "labels": []}]
        )
        files = [LabelledFile.read(str(data), "train", GUESSED)]
        validate(json.loads(json.dumps(document(files, check_all(files, ModelDir.open(tiny_dir))))), SCHEMA)


# --- near duplicates ---


def jaccard(a: str, b: str) -> float:
    sets = [set(shingles([text]).indices.tolist()) for text in (a, b)]
    return len(sets[0] & sets[1]) / max(1, len(sets[0] | sets[1]))


words = st.sampled_from(["the", "mayor", "denied", "it", "on", "monday", "friday", "in", "kesh", "again"])
texts = st.lists(words, max_size=12).map(" ".join)


@given(st.lists(texts, max_size=12), st.lists(texts, max_size=6), st.sampled_from([0.3, 0.5, THRESHOLD, 1.0]))
@settings(deadline=None)
def test_near_duplicates_are_those_that_comparing_all_pairs_finds(
    first: list[str], others: list[str], threshold: float
) -> None:
    for among in (None, others):
        expected = {}
        for i, text in enumerate(first):
            pairs = [
                (jaccard(text, other), -j) for j, other in enumerate(first[:i] if among is None else others)
            ]
            if pairs and max(pairs)[0] >= threshold - 1e-9:
                expected[i] = max(pairs)[0]
        found = near_duplicates(
            shingles(first), None if among is None else shingles(among), threshold=threshold
        )
        alike = {near.text: near.similarity for near in found}
        assert alike == pytest.approx(expected)


@given(st.lists(texts, min_size=1, max_size=8))
@settings(deadline=None)
def test_similarities_to_one_text_are_jaccards(many: list[str]) -> None:
    found = similarities(shingles(many), shingles(many[:1]))
    assert found.tolist() == pytest.approx([jaccard(text, many[0]) for text in many])
