"""The model directory on disk: read, verified, written.

The Hugging Face layout, so that everyone's tools open it, plus ``claimclf.json``: labels, calibration,
window, provenance, and the sha256 of every other file.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from claimclf.errors import (
    ModelFileAlteredError,
    ModelFileMissingError,
    ModelMetadataError,
    ModelNotFoundError,
    OptionError,
    OutputExistsError,
    UnreadableFileError,
    UnsafeModelFileError,
)
from claimclf.metadata import Metadata, parsed, written

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

METADATA = "claimclf.json"
CONFIG = "config.json"
TOKENIZER = "tokenizer.json"
ONNX = "onnx/model_quantized.onnx"
WEIGHTS = "model.safetensors"

SHIPPED = Path(__file__).parent / "models"
DEFAULT_MODEL = "claimclf-en-small"

_CAN_RUN_CODE = frozenset({".bin", ".pkl", ".pickle", ".ckpt", ".pt", ".pth", ".joblib", ".h5", ".py"})
_CHUNK_BYTES = 1 << 20
_LARGEST_METADATA = 4 << 20
_LARGEST_JSON = 64 << 20


@dataclass(frozen=True)
class ModelDir:
    """A model directory whose files have all been verified against their sha256."""

    path: Path
    metadata: Metadata
    sha256: Mapping[str, str]

    @classmethod
    def open(cls, model: str | Path) -> ModelDir:
        """Finds a shipped model by name or a directory by path, and verifies every file in it.

        Raises:
            OptionError: neither a name nor a path.
            ModelNotFoundError: no such name or directory.
            ModelMetadataError: claimclf.json is unreadable.
            UnsafeModelFileError: a pickle or another kind of file that can run code is there, a link that
                leads out of the directory, or JSON of a size to fill the memory with.
            ModelFileMissingError, ModelFileAlteredError: a listed file is not there or not itself.
            UnreadableFileError: a file may not be read.
        """
        path = _locate(model)
        for file in path.rglob("*"):
            if file.suffix.lower() in _CAN_RUN_CODE:
                raise UnsafeModelFileError(file, "a kind of file that can run code when loaded")
            if file.is_symlink() and not _stays(file, path):
                raise UnsafeModelFileError(file, "a link that leads out of it")
            if file.exists() and not (file.is_file() or file.is_dir()):
                raise UnsafeModelFileError(file, "neither a file nor a folder")
        metadata, sha256 = _read_metadata(path / METADATA)
        for name, digest in sha256.items():
            if name.endswith(".json") and _size(path / name) > _LARGEST_JSON:
                raise UnsafeModelFileError(path / name, "larger than any such file needs to be")
            if file_sha256(path / name) != digest:
                raise ModelFileAlteredError(path / name)
        return cls(path, metadata, sha256)

    @property
    def fingerprint(self) -> str:
        """Hex sha256 of claimclf.json, which vouches for every other file: it names the model exactly."""
        return file_sha256(self.path / METADATA)

    def file(self, name: str) -> Path:
        """The path of a verified file of the model.

        Raises:
            ModelFileMissingError: claimclf.json does not vouch for a file of that name.
        """
        if name not in self.sha256:
            raise ModelFileMissingError(self.path / name)
        return self.path / name

    def copy_to(self, target: str | Path) -> None:
        """Copies the model, all of it or nothing, to a new path or an empty directory.

        Raises:
            OutputExistsError: something is there already.
        """
        with new_directory(Path(target)) as staging:
            for name in (METADATA, *self.sha256):
                (staging / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(self.path / name, staging / name)


def shipped_models() -> list[str]:
    """The names of the models that come with the package."""
    return sorted(path.parent.name for path in SHIPPED.glob(f"*/{METADATA}"))


def seal(path: Path, metadata: Metadata) -> None:
    """Writes ``claimclf.json`` into a directory that holds the model's other files, with their sha256."""
    files = sorted(file for file in path.rglob("*") if file.is_file() and file.name != METADATA)
    sha256 = {file.relative_to(path).as_posix(): file_sha256(file) for file in files}
    staging = path / (METADATA + ".new")
    staging.write_text(written(metadata, sha256), encoding="utf-8")
    staging.replace(path / METADATA)


def refuse_taken(target: Path) -> None:
    """Does nothing where a new directory can be made, so that nobody works for hours to be told at the end.

    Raises:
        OutputExistsError: something other than an empty directory is at ``target``.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise OutputExistsError(target)


@contextmanager
def new_directory(target: Path) -> Iterator[Path]:
    """A directory that appears at ``target`` complete, when the block ends well, or not at all.

    An empty directory, or a link to one, is filled and not replaced: somebody may be in it.

    Raises:
        OutputExistsError: something other than an empty directory is at ``target``.
    """
    refuse_taken(target)
    target = target.resolve()
    home = target if target.exists() else target.parent
    home.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=home))
    try:
        yield staging
        for path in (staging, *staging.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)  # readable, whatever wrote it thought
        if home == target:
            _move_content(staging, target)
        else:
            staging.replace(target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _move_content(staging: Path, target: Path) -> None:
    """Moves what is in a directory up to its parent; what makes a model of it comes last."""
    if list(target.iterdir()) != [staging]:
        raise OutputExistsError(target)
    for path in sorted(staging.iterdir(), key=lambda path: path.name == METADATA):
        path.replace(target / path.name)


def _locate(model: str | Path) -> Path:
    """Shipped names first: a folder in the working directory must not pose as the shipped model."""
    if not isinstance(model, (str, os.PathLike)):
        raise OptionError("model", model, "a shipped model's name, or a path")
    for path in (SHIPPED / model, Path(model)):
        if os.path.isfile(path / METADATA):  # noqa: PTH113 - it raises nothing, however long the name is
            return path.absolute()
    raise ModelNotFoundError(model, shipped_models())


def _stays(link: Path, directory: Path) -> bool:
    """Whether a link leads to within the directory, or to where the hub's cache keeps what snapshots hold."""
    target = link.resolve()
    homes = (directory.resolve(), directory.resolve().parent.parent / "blobs")
    return any(target.is_relative_to(home) for home in homes)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # that it is missing is said where it is read


def _read_metadata(path: Path) -> tuple[Metadata, dict[str, str]]:
    if _size(path) > _LARGEST_METADATA:
        raise UnsafeModelFileError(path, "larger than any such file needs to be")
    try:
        return parsed(path.read_text(encoding="utf-8"))
    except PermissionError as error:
        raise _forbidden(path) from error
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ModelMetadataError(
            path, f"not a model description ({type(error).__name__}: {error})"
        ) from error


def _forbidden(path: Path) -> UnreadableFileError:
    return UnreadableFileError(path, "it may not be read", "Ask its owner, or look at its permissions.")


def file_sha256(path: Path) -> str:
    """Hex sha256 of a file, read in pieces.

    Raises:
        ModelFileMissingError: there is no file at the path.
        UnreadableFileError: it may not be read.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        raise ModelFileMissingError(path) from None
    except PermissionError as error:
        raise _forbidden(path) from error
    return digest.hexdigest()
