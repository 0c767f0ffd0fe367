"""A model directory that was altered never loads, and a new one is written whole or not at all."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from claimclf import ClaimClassifier
from claimclf.errors import (
    ClaimclfError,
    ModelFileAlteredError,
    ModelFileMissingError,
    ModelMetadataError,
    ModelNotFoundError,
    OutputExistsError,
    UnsafeModelFileError,
)
from claimclf.model_dir import METADATA, ModelDir

FILES = ["config.json", "model.safetensors", "tokenizer.json", "onnx/model_quantized.onnx"]
every_file = pytest.mark.parametrize("name", FILES)
COPY_AGAIN = "Copy or download the model directory again"


def load(path):
    return ClaimClassifier.from_pretrained(path, threads=1)


def change_description(path, **changes):
    document = json.loads((path / METADATA).read_text(encoding="utf-8"))
    (path / METADATA).write_text(json.dumps({**document, **changes}), encoding="utf-8")


def test_an_untouched_copy_loads(model_copy):
    assert repr(load(model_copy)) == "ClaimClassifier('tiny', backend='onnx')"


def test_claimclf_json_vouches_for_every_file(tiny_dir):
    present = {f.relative_to(tiny_dir).as_posix() for f in tiny_dir.rglob("*") if f.is_file()}
    assert set(FILES) < set(ModelDir.open(tiny_dir).sha256) == present - {METADATA}


def test_git_checks_the_shipped_models_out_as_they_are_where_it_changes_line_ends(tmp_path):
    root = Path(__file__).parents[2]
    shutil.copy(root / ".gitattributes", tmp_path)
    (tmp_path / "config.json").write_bytes(b"{\n}\n")
    git = ["git", "-c", "core.autocrlf=true", "-c", "core.safecrlf=false", "-C", str(tmp_path)]
    for command in (["init", "-q"], ["add", "."], ["checkout-index", "--all", "--prefix=out/"]):
        subprocess.run([*git, *command], check=True)
    assert (tmp_path / "out" / "config.json").read_bytes() == b"{\n}\n"


@every_file
def test_one_flipped_bit_is_found(model_copy, name):
    content = bytearray((model_copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (model_copy / name).write_bytes(content)
    with pytest.raises(ModelFileAlteredError, match=COPY_AGAIN) as caught:
        load(model_copy)
    assert str(model_copy / name) in str(caught.value)


@every_file
@pytest.mark.parametrize("kept", [0, 0.5, -1], ids=["empty", "half", "one byte short"])
def test_a_truncated_file_is_found(model_copy, name, kept):
    content = (model_copy / name).read_bytes()
    (model_copy / name).write_bytes(content[: int(kept * len(content)) if kept >= 0 else -1])
    with pytest.raises(ModelFileAlteredError) as caught:
        load(model_copy)
    assert str(model_copy / name) in str(caught.value)


@every_file
def test_an_added_byte_is_found(model_copy, name):
    with (model_copy / name).open("ab") as file:
        file.write(b"\n")
    with pytest.raises(ModelFileAlteredError):
        load(model_copy)


@every_file
def test_a_missing_file_is_named_with_the_cure(model_copy, name):
    (model_copy / name).unlink()
    with pytest.raises(ModelFileMissingError, match=COPY_AGAIN) as caught:
        load(model_copy)
    assert str(model_copy / name) in str(caught.value)


@every_file
def test_a_directory_in_the_place_of_a_file_is_named_with_the_cure(model_copy, name):
    (model_copy / name).unlink()
    (model_copy / name).mkdir()
    with pytest.raises(ClaimclfError) as caught:
        load(model_copy)
    assert str(model_copy / name) in str(caught.value)


def test_a_link_to_nowhere_is_a_missing_file(model_copy):
    (model_copy / "tokenizer.json").unlink()
    (model_copy / "tokenizer.json").symlink_to(model_copy / "gone.json")
    with pytest.raises(ModelFileMissingError, match=r"tokenizer\.json"):
        load(model_copy)


@pytest.mark.parametrize("name", ["tokenizer.json", "onnx/model_quantized.onnx"])
def test_a_file_that_loading_needs_must_be_listed(model_copy, name):
    listed = json.loads((model_copy / METADATA).read_text())["sha256"]
    del listed[name]
    change_description(model_copy, sha256=listed)
    with pytest.raises(ModelFileMissingError) as caught:
        load(model_copy)
    assert name in str(caught.value)


def test_without_its_description_a_folder_is_no_model(model_copy):
    (model_copy / METADATA).unlink()
    with pytest.raises(ModelNotFoundError, match=METADATA):
        load(model_copy)


@pytest.mark.parametrize(
    "name",
    ["pytorch_model.bin", "model.pkl", "last.ckpt", "optimizer.pt", "onnx/extra.pickle", "PYTORCH.BIN"],
)
@pytest.mark.parametrize("backend", ["onnx", "torch"])
def test_a_file_that_can_run_code_is_refused_by_name(model_copy, name, backend):
    (model_copy / name).write_bytes(b"\x80\x04.")
    with pytest.raises(UnsafeModelFileError, match="Remove it") as caught:
        ClaimClassifier.from_pretrained(model_copy, backend=backend)
    assert str(model_copy / name) in str(caught.value)


@pytest.mark.parametrize("cut", [0, 1, 0.5, 0.99])
def test_a_truncated_description_is_refused(model_copy, cut):
    content = (model_copy / METADATA).read_bytes()
    (model_copy / METADATA).write_bytes(content[: int(cut * len(content)) if cut < 1 else 1])
    with pytest.raises(ModelMetadataError) as caught:
        load(model_copy)
    assert str(model_copy / METADATA) in str(caught.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 99},
        {"labels": ["denial", "accusation", "call_to_action", "factual_report"]},
        {"labels": ["accusation"]},
        {"window": {"length": 1, "overlap": 0}},
        {"calibration": {"temperatures": [1] * 4, "thresholds": [2] * 4, "none_temperature": 1}},
        {"sha256": "none"},
    ],
    ids=str,
)
def test_a_description_of_another_model_is_refused(model_copy, changes):
    change_description(model_copy, **changes)
    with pytest.raises(ModelMetadataError) as caught:
        load(model_copy)
    assert (
        next(iter(changes)) in str(caught.value)
        or "AttributeError" in str(caught.value)
        or "thresh" in str(caught.value)
    )


@pytest.mark.parametrize(
    "name",
    [
        "../secret.json",
        "onnx/../../secret.json",
        "/etc/hostname",
        "..",
        "..\\secret.json",
        "C:/secret.json",
        "C:\\secret.json",
        "//server/share/secret.json",
        pytest.param(
            "secret\0.json",
        ),
        pytest.param(
            "",
        ),
        pytest.param(
            ".",
        ),
    ],
    ids=ascii,
)
def test_a_name_that_leads_out_of_the_directory_is_refused(model_copy, name):
    (model_copy.parent / "secret.json").write_text("{}")
    listed = json.loads((model_copy / METADATA).read_text())["sha256"]
    change_description(model_copy, sha256={**listed, name: "0" * 64})
    with pytest.raises(ModelMetadataError, match="not a path inside"):
        load(model_copy)


# --- writing ---


@pytest.mark.parametrize("failing", [1, 3])
def test_a_save_that_fails_in_the_middle_leaves_nothing(tiny, tmp_path, monkeypatch, failing):
    copyfile = shutil.copyfile
    copied = []

    def full_disk(source, target):
        copied.append(target)
        if len(copied) == failing:
            raise OSError("No space left on device")
        return copyfile(source, target)

    monkeypatch.setattr(shutil, "copyfile", full_disk)
    with pytest.raises(OSError, match="No space left"):
        tiny.save_pretrained(tmp_path / "saved")
    assert len(copied) == failing
    assert list(tmp_path.iterdir()) == []


def test_a_save_is_not_seen_before_it_is_complete(tiny, tmp_path, monkeypatch):
    copyfile = shutil.copyfile
    seen = []

    def watching(source, target):
        seen.append((tmp_path / "saved").exists())
        return copyfile(source, target)

    monkeypatch.setattr(shutil, "copyfile", watching)
    tiny.save_pretrained(tmp_path / "saved")
    assert set(seen) == {False}
    load(tmp_path / "saved")


def test_a_save_leaves_nothing_beside_the_model(tiny, tmp_path):
    tiny.save_pretrained(tmp_path / "saved")
    assert list(tmp_path.iterdir()) == [tmp_path / "saved"]


def test_saving_a_model_onto_itself_is_refused(model_copy):
    with pytest.raises(OutputExistsError, match="Remove it or choose another path"):
        load(model_copy).save_pretrained(model_copy)
    load(model_copy)


def test_saving_onto_a_file_is_refused(tiny, tmp_path):
    (tmp_path / "saved").write_text("mine")
    with pytest.raises(OutputExistsError):
        tiny.save_pretrained(tmp_path / "saved")
    assert (tmp_path / "saved").read_text() == "mine"
