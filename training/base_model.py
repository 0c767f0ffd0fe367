"""The model that training starts from, an encoder or a claimclf model: found, and known by its hash."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

from claimclf.errors import ConfigurationError
from claimclf.model_dir import WEIGHTS, ModelDir, file_sha256

if TYPE_CHECKING:
    from collections.abc import Mapping

    from training.config import TrainingConfig

_WANTED = ("*.json", "*.txt", "*.model", WEIGHTS)


@dataclass(frozen=True)
class BaseModel:
    """A model on disk to start from.

    Attributes:
        name: what it is called: on the hub, in its claimclf.json, or the path it was given as.
        sha256: of its model.safetensors.
        path: its directory.
        origin: where a claimclf model comes from itself, as it says, but for what was measured.
    """

    name: str
    sha256: str
    path: Path
    origin: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def find(cls, config: TrainingConfig) -> BaseModel:
        """The claimclf model that the configuration names, or else the encoder.

        Raises:
            ConfigurationError: the encoder cannot be found, has no safetensors weights, is not the one whose
                hash the configuration states, or a share of its weights is to be kept.
            ClaimclfError: the claimclf model cannot be read.
        """
        origin: dict[str, Any] = {}
        if config.from_model:
            model = ModelDir.open(config.from_model)
            location, name, path = config.from_model, model.metadata.name, model.path
            told = model.metadata.provenance
            origin = {part: told[part] for part in told if part != "measured"} if "config" in told else {}
        elif config.kept_share:
            raise ConfigurationError(
                "kept_share: an encoder, whose outputs begin at random, has no weights to keep.",
                "Give --from a model to go on from.",
            )
        else:
            location = config.base_model
            name, path = config.base_model_name or location, encoder_path(location)
        if not (path / WEIGHTS).is_file():
            raise ConfigurationError(f"{path} holds no {WEIGHTS}.", "Give an encoder saved as safetensors.")
        digest = file_sha256(path / WEIGHTS)
        if config.base_model_sha256 and digest != config.base_model_sha256:
            raise ConfigurationError(
                f"{location} is not the model whose hash is stated: its {WEIGHTS} has sha256 {digest}.",
                "Give that model, or take base_model_sha256 out of the configuration.",
            )
        return cls(name, digest, path, origin)

    def to_dict(self) -> dict[str, Any]:
        """Name and hash, and where it comes from; where it lay on disk tells nobody else anything."""
        return {name: value for name, value in asdict(self).items() if name != "path" and value}


def trainings(provenance: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The provenance of each training that led to a model, the first, which began with an encoder, first.

    Args:
        provenance: of the model, as its claimclf.json has it; it holds those before it.
    """
    base = provenance.get("base_model")
    before = base.get("origin") if isinstance(base, dict) else None
    return [*(trainings(before) if before else []), provenance]


def encoder_path(location: str) -> Path:
    """The directory of an encoder, downloaded from the hub where it is not on disk.

    Raises:
        ConfigurationError: it is neither a directory nor on the hub.
    """
    return Path(location) if Path(location).is_dir() else _download(location)


def _download(hub_id: str) -> Path:
    try:
        return Path(snapshot_download(hub_id, allow_patterns=list(_WANTED)))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        raise ConfigurationError(
            f"The base model {hub_id!r} is neither a directory nor on the hub ({type(error).__name__}).",
            "Give --base-model a path or a hub id.",
        ) from error
