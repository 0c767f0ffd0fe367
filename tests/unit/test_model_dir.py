from __future__ import annotations

import errno
import hashlib
import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from claimclf.decision import IDENTITY
from claimclf.errors import (
    ModelFileMissingError,
    ModelMetadataError,
    ModelNotFoundError,
    OptionError,
    OutputExistsError,
    UnreadableFileError,
    UnsafeModelFileError,
)
from claimclf.labels import LABELS
from claimclf.metadata import Metadata, Window
from claimclf.model_dir import METADATA, ONNX, TOKENIZER, WEIGHTS, ModelDir, file_sha256, new_directory, seal

METADATA_EXAMPLE = Metadata("Kesh-1", "en", Window(128, 32), IDENTITY, {"seed": 7, "note": "čeština"})


@pytest.fixture
def sealed(tmp_path):
    """A directory of two files and what describes them; no model in it."""
    path = tmp_path / "sealed"
    (path / "sub").mkdir(parents=True)
    (path / "a.json").write_bytes(b"{}")
    (path / "sub" / "b.txt").write_bytes(b"Kesh lied.")
    seal(path, METADATA_EXAMPLE)
    return path


def described(path: Path) -> dict:
    return json.loads((path / METADATA).read_text(encoding="utf-8"))


def describe(path: Path, **changes) -> None:
    (path / METADATA).write_text(json.dumps({**described(path), **changes}), encoding="utf-8")


# --- what seal writes, open reads ---


def test_what_is_sealed_is_read_back(sealed):
    assert ModelDir.open(sealed).metadata == METADATA_EXAMPLE


def test_seal_vouches_for_every_other_file_by_sha256(sealed):
    assert described(sealed)["sha256"] == {
        "a.json": hashlib.sha256(b"{}").hexdigest(),
        "sub/b.txt": hashlib.sha256(b"Kesh lied.").hexdigest(),
    }


def test_seal_states_the_format_and_the_labels_in_order(sealed):
    assert described(sealed)["format"] == 1
    assert described(sealed)["labels"] == [label.value for label in LABELS]


def test_seal_leaves_nothing_but_its_file(sealed):
    assert sorted(p.relative_to(sealed).as_posix() for p in sealed.rglob("*") if p.is_file()) == [
        "a.json",
        METADATA,
        "sub/b.txt",
    ]


def test_sealing_again_takes_the_new_state(sealed):
    (sealed / "a.json").write_bytes(b"[]")
    seal(sealed, replace(METADATA_EXAMPLE, name="Kesh-2"))
    assert ModelDir.open(sealed).metadata.name == "Kesh-2"


def test_seal_that_fails_leaves_the_old_description(sealed):
    before = (sealed / METADATA).read_bytes()
    with pytest.raises(TypeError):
        seal(sealed, replace(METADATA_EXAMPLE, provenance={"not json": object()}))
    assert (sealed / METADATA).read_bytes() == before
    ModelDir.open(sealed)


def test_metadata_is_readable_utf_8(sealed):
    assert "čeština" in (sealed / METADATA).read_text(encoding="utf-8")


# --- finding a model ---


@pytest.mark.parametrize("as_given", [str, Path])
def test_a_model_is_found_by_path(sealed, as_given):
    assert ModelDir.open(as_given(sealed)).path == Path(sealed)


def test_a_shipped_model_is_found_by_name(sealed, monkeypatch, tmp_path):
    monkeypatch.setattr("claimclf.model_dir.SHIPPED", tmp_path)
    assert ModelDir.open("sealed").metadata == METADATA_EXAMPLE


@pytest.mark.parametrize("model", ["nowhere", "/nowhere/at/all", "", "a\0b", "a" * 5000])
def test_a_model_that_is_nowhere_is_not_found(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelNotFoundError):
        ModelDir.open(model)


@pytest.mark.parametrize("model", [None, 7, b"claimclf-en-small", ["claimclf-en-small"]])
def test_what_is_neither_a_name_nor_a_path_is_refused(model):
    with pytest.raises(OptionError, match="a shipped model's name, or a path"):
        ModelDir.open(model)


@pytest.mark.parametrize("name", [METADATA, "a.json"])
def test_a_file_that_may_not_be_read_is_named(sealed, name, monkeypatch):
    openly = Path.open

    def open_all_but_one(path, *args, **options):
        if path.name == name:
            raise PermissionError(errno.EACCES, "Permission denied")
        return openly(path, *args, **options)

    monkeypatch.setattr(Path, "open", open_all_but_one)  # root, who runs some of these tests, may read all
    with pytest.raises(UnreadableFileError, match=rf"{name}: it may not be read"):
        ModelDir.open(sealed)


def test_a_folder_without_a_description_is_not_a_model(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelNotFoundError, match=METADATA):
        ModelDir.open(tmp_path)


def test_a_file_is_not_a_model(sealed):
    with pytest.raises(ModelNotFoundError):
        ModelDir.open(sealed / "a.json")


def test_a_model_not_found_names_the_shipped_ones(sealed, monkeypatch, tmp_path):
    monkeypatch.setattr("claimclf.model_dir.SHIPPED", tmp_path)
    with pytest.raises(ModelNotFoundError, match="sealed"):
        ModelDir.open("nowhere")


def test_a_folder_in_the_working_directory_does_not_pose_as_the_shipped_model(sealed, tmp_path, monkeypatch):
    shipped = shutil.copytree(sealed, tmp_path / "shipped" / "sealed")
    seal(shipped, replace(METADATA_EXAMPLE, name="shipped"))
    monkeypatch.setattr("claimclf.model_dir.SHIPPED", tmp_path / "shipped")
    monkeypatch.chdir(tmp_path)
    assert ModelDir.open("sealed").metadata.name == "shipped"


# --- what the description may say ---


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 2},
        {"labels": []},
        {"labels": [label.value for label in reversed(LABELS)]},
        {"labels": None},
        {"window": {"length": 16, "overlap": 14}},
        {"window": {"length": 16, "overlap": -1}},
        {"window": {"length": 2, "overlap": 0}},
        {"window": {"length": 16}},
        {"window": {"length": "many", "overlap": 0}},
        {"window": 16},
        {"calibration": {}},
        {"calibration": None},
        {"sha256": ["a.json"]},
        {"sha256": None},
        {"provenance": 7},
    ],
    ids=str,
)
def test_a_description_of_something_else_is_refused(sealed, changes):
    describe(sealed, **changes)
    with pytest.raises(ModelMetadataError, match=METADATA):
        ModelDir.open(sealed)


@pytest.mark.parametrize(
    "changes",
    [
        {"temperatures": [1, 1, 1]},
        {"temperatures": [1, 1, 1, 0]},
        {"temperatures": [1, 1, 1, -1]},
        {"temperatures": [1, 1, 1, float("nan")]},
        {"temperatures": [1, 1, 1, float("inf")]},
        {"temperatures": [1, 1, 1, "hot"]},
        {"temperatures": [1, 1, 1, [1]]},
        {"temperatures": [1, 1, 1, [1, 0]]},
        {"temperatures": [1, 1, 1, [1, 1, 1]]},
        {"temperatures": [1, 1, 1, {"below": 1, "above": 1}]},
        {"temperatures": 1},
        {"thresholds": [0.5] * 5},
        {"thresholds": [0.5, 0.5, 0.5, 0]},
        {"thresholds": [0.5, 0.5, 0.5, 1]},
        {"thresholds": [0.5, 0.5, 0.5, float("nan")]},
        {"none_temperature": 0},
        {"none_temperature": float("nan")},
        {"none_temperature": None},
    ],
    ids=str,
)
def test_an_impossible_calibration_is_refused(sealed, changes):
    describe(sealed, calibration={**described(sealed)["calibration"], **changes})
    with pytest.raises(ModelMetadataError, match=METADATA):
        ModelDir.open(sealed)


def test_a_temperature_may_be_one_number_for_both_sides_of_a_half(sealed):
    one_number = {"temperatures": [0.5, [0.5, 2], 1, 1], "none_temperature": 3}
    describe(sealed, calibration={**described(sealed)["calibration"], **one_number})
    calibration = ModelDir.open(sealed).metadata.calibration
    assert calibration.temperatures == ((0.5, 0.5), (0.5, 2.0), (1.0, 1.0), (1.0, 1.0))
    assert calibration.none_temperature == (3.0, 3.0)


@pytest.mark.parametrize(
    "field", ["format", "labels", "name", "language", "window", "calibration", "provenance", "sha256"]
)
def test_every_field_is_needed(sealed, field):
    document = described(sealed)
    del document[field]
    (sealed / METADATA).write_text(json.dumps(document))
    with pytest.raises(ModelMetadataError, match=field):
        ModelDir.open(sealed)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"null", b"[]", b'"Kesh"', b"7", b"\xff\xfe\x00", b"PK\x03\x04", b'{"format": 1}']
)
def test_what_is_no_description_is_refused(sealed, content):
    (sealed / METADATA).write_bytes(content)
    with pytest.raises(ModelMetadataError, match=METADATA):
        ModelDir.open(sealed)


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 200_000,
        b'{"window": {"length": 1e999, "overlap": 0}}',
        b'{"calibration": {"temperatures": [1' + b"0" * 400 + b', 1, 1, 1], "thresholds": [], '
        b'"none_temperature": 1}}',
    ],
    ids=["deep", "infinite window", "huge temperature"],
)
def test_a_description_that_overflows_is_refused(sealed, content):
    if content.startswith(b"{"):
        content = json.dumps(described(sealed))[:-1].encode() + b", " + content[1:]
    (sealed / METADATA).write_bytes(content)
    with pytest.raises(ModelMetadataError, match=METADATA):
        ModelDir.open(sealed)


def test_fields_of_the_future_do_not_disturb(sealed):
    describe(sealed, roles=["source", "target"])
    assert ModelDir.open(sealed).metadata == METADATA_EXAMPLE


# --- the files ---


@pytest.mark.parametrize("name", [TOKENIZER, ONNX, WEIGHTS])
def test_a_verified_file_has_a_path(tiny_dir, name):
    assert ModelDir.open(tiny_dir).file(name) == tiny_dir / name


def test_a_file_that_is_not_listed_is_not_given(sealed):
    (sealed / "later.json").write_text("{}")
    with pytest.raises(ModelFileMissingError, match=r"later\.json"):
        ModelDir.open(sealed).file("later.json")


@pytest.mark.parametrize(
    "name", ["w.bin", "w.BIN", "w.pkl", "w.pickle", "w.ckpt", "w.pt", "w.pth", "w.joblib", "sub/deep.pkl"]
)
def test_a_file_that_can_run_code_is_refused(sealed, name):
    (sealed / name).write_bytes(b"")
    with pytest.raises(UnsafeModelFileError, match=Path(name).name):
        ModelDir.open(sealed)


def test_a_file_that_can_run_code_is_refused_before_anything_is_read(sealed):
    (sealed / "w.pkl").write_bytes(b"")
    (sealed / METADATA).write_bytes(b"not json")
    with pytest.raises(UnsafeModelFileError):
        ModelDir.open(sealed)


# --- writing ---


def test_a_new_directory_appears_when_complete(tmp_path):
    target = tmp_path / "deep" / "down" / "model"
    with new_directory(target) as staging:
        (staging / "a.json").write_text("{}")
        assert not target.exists()
    assert [file.name for file in target.iterdir()] == ["a.json"]
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_a_failure_leaves_nothing(tmp_path, failure):
    def write():
        with new_directory(tmp_path / "model") as staging:
            (staging / "a.json").write_text("{}")
            raise failure

    with pytest.raises(failure):
        write()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["file", "full directory"])
def test_what_is_there_is_not_overwritten(tmp_path, kind):
    target = tmp_path / "model"
    kept = target if kind == "file" else target / "kept.txt"
    kept.parent.mkdir(exist_ok=True)
    kept.write_text("mine")
    with pytest.raises(OutputExistsError, match="model"), new_directory(target):
        pytest.fail("the block must not run")
    assert kept.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [target]


def test_an_empty_directory_may_be_filled(tmp_path):
    (tmp_path / "model").mkdir()
    with new_directory(tmp_path / "model") as staging:
        (staging / "a.json").write_text("{}")
    assert [file.name for file in (tmp_path / "model").iterdir()] == ["a.json"]


def test_the_working_directory_may_be_filled(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with new_directory(Path()) as staging:
        (staging / "a.json").write_text("{}")
        (staging / METADATA).write_text("{}")
    assert sorted(file.name for file in Path().iterdir()) == ["a.json", METADATA]


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_an_empty_directory_is_filled_through_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with new_directory(tmp_path / "link") as staging:
        (staging / "a.json").write_text("{}")
    assert (tmp_path / "link").is_symlink()
    assert [file.name for file in (tmp_path / "real").iterdir()] == ["a.json"]


def test_a_failure_leaves_an_empty_directory_empty(tmp_path):
    def write():
        with new_directory(tmp_path) as staging:
            (staging / "a.json").write_text("{}")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write()
    assert list(tmp_path.iterdir()) == []


def test_what_comes_meanwhile_is_not_overwritten(tmp_path):
    def write():
        with new_directory(tmp_path) as staging:
            (staging / "a.json").write_text("{}")
            (tmp_path / "a.json").write_text("mine")

    with pytest.raises(OutputExistsError):
        write()
    assert (tmp_path / "a.json").read_text() == "mine"


def test_a_new_directory_can_be_read_by_others(tmp_path):
    with new_directory(tmp_path / "model"):
        pass
    assert (tmp_path / "model").stat().st_mode & 0o777 == 0o755


def test_a_copy_holds_the_listed_files_and_nothing_else(sealed, tmp_path):
    (sealed / "notes.txt").write_text("unlisted")
    ModelDir.open(sealed).copy_to(tmp_path / "copy")
    copied = {
        p.relative_to(tmp_path / "copy").as_posix() for p in (tmp_path / "copy").rglob("*") if p.is_file()
    }
    assert copied == {METADATA, "a.json", "sub/b.txt"}
    assert ModelDir.open(tmp_path / "copy").metadata == METADATA_EXAMPLE


def test_a_model_of_links_is_copied_as_files(sealed, tmp_path):
    linked, blobs = tmp_path / "cache" / "snapshots" / "0a1b", tmp_path / "cache" / "blobs"
    (linked / "sub").mkdir(parents=True)
    blobs.mkdir()
    for name in (METADATA, "a.json", "sub/b.txt"):
        blob = blobs / file_sha256(sealed / name)
        blob.write_bytes((sealed / name).read_bytes())
        (linked / name).symlink_to(blob)
    ModelDir.open(linked).copy_to(tmp_path / "copy")
    assert not any(file.is_symlink() for file in (tmp_path / "copy").rglob("*"))
    ModelDir.open(tmp_path / "copy")


@pytest.mark.skipif(sys.platform == "win32", reason="no such modes there")
def test_what_is_written_can_be_read_by_everyone(tmp_path):
    with new_directory(tmp_path / "model") as staging:
        (staging / "onnx").mkdir(mode=0o700)
        private = staging / "onnx" / "model.onnx"
        private.touch(mode=0o600)
    written = [tmp_path / "model", tmp_path / "model" / "onnx", tmp_path / "model" / "onnx" / "model.onnx"]
    assert [path.stat().st_mode & 0o777 for path in written] == [0o755, 0o755, 0o644]
