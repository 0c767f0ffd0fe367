"""Where the numbers are computed: token ids in, named outputs out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol

from claimclf.errors import OptionError
from claimclf.loading import loading

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    from numpy.typing import NDArray

    from claimclf.model_dir import ModelDir

BACKENDS = ("onnx", "torch")


class Backend(Protocol):
    """Runs the model. Safe to call from several threads at once."""

    def run(self, windows: Iterable[list[int]]) -> dict[str, NDArray[np.float32]]:
        """The model's outputs for some windows of token ids.

        Returns:
            ``{"logits": …}`` of shape (number of windows, 4), rows in the order of the windows.
        """
        ...


def load_backend(name: str, model_dir: ModelDir, threads: int | None) -> Backend:
    """The backend of that name, loaded with the model.

    Args:
        name: ``"onnx"`` (int8, CPU) or ``"torch"`` (float32, CPU or GPU; needs the ``torch`` extra).
        model_dir: the verified model.
        threads: CPU threads to use; None for every core this process may run on (onnx), or as many as torch
            is set to (torch).

    Raises:
        OptionError: an unknown name or an impossible number of threads.
        MissingExtraError: the backend's packages are not installed.
    """
    if name not in BACKENDS:
        raise OptionError("backend", name, " or ".join(map(repr, BACKENDS)))
    if threads is not None and (not isinstance(threads, int) or isinstance(threads, bool) or threads < 1):
        raise OptionError("threads", threads, "a whole number from 1, or None for all cores")
    if name == "onnx":
        with loading:
            from claimclf.backends.onnx import OnnxBackend

        return OnnxBackend(model_dir, threads or _available_cores())
    with loading:
        from claimclf.backends.torch import TorchBackend

    return TorchBackend(model_dir, threads)


def _available_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
