"""The default backend: int8 ONNX on the CPU, one window a run.

A dynamically quantised model takes its scale from everything in a run, so a window that shared a run with
others would get other numbers than alone. One window a run, each on a single thread, makes a result
independent of its neighbours, to the bit; and since short windows waste nothing on padding, it is fast too.
"""

from __future__ import annotations

import mmap
import os
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, islice
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime as ort

from claimclf.errors import UnsafeModelFileError, UnusableModelError
from claimclf.labels import LABELS
from claimclf.model_dir import ONNX
from claimclf.onnx_file import onnx_facts

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    from claimclf.model_dir import ModelDir


# What the maker of a model may say that ONNX Runtime had better not do, see `training.fused_graph`.
_SLOW_FUSIONS_KEY = "claimclf.slow_fusions"
_SLOW_FUSIONS = {"SkipLayerNormFusion"}
# Processors with AVX2 but no int8 instructions add two products up in 16 bits, which overflow: wrong numbers,
# and silently. With this they take a way that cannot, and others the way they take anyhow.
_NO_OVERFLOW = ("session.x64quantprecision", "1")
_INPUTS = {"input_ids", "attention_mask", "token_type_ids"}


class OnnxBackend:
    """A single-threaded ONNX Runtime session, run by a pool of worker threads."""

    def __init__(self, model_dir: ModelDir, threads: int) -> None:
        self._path = model_dir.file(ONNX)
        self._session = _session(self._path)
        self._inputs = {node.name for node in self._session.get_inputs()}
        self._outputs = [node.name for node in self._session.get_outputs()]
        if not self._inputs <= _INPUTS or "logits" not in self._outputs:
            raise UnusableModelError(self._path, "its inputs and outputs are not those of a classifier")
        if self._run_one([0, 0])[self._outputs.index("logits")].shape != (1, len(LABELS)):
            raise UnusableModelError(self._path, f"it does not give {len(LABELS)} numbers a text")
        self._threads = threads
        self._pools: dict[int, ThreadPoolExecutor] = {}  # by process: a forked child inherits no threads

    def run(self, windows: Iterable[list[int]]) -> dict[str, NDArray[np.float32]]:
        """See `Backend.run`. Windows are taken from the iterable while earlier ones are computed."""
        windows = iter(windows)
        head = list(islice(windows, 2))
        run = map if self._threads == 1 or len(head) < 2 else self._workers().map
        rows = list(run(self._run_one, chain(head, windows)))
        if not rows:
            return {name: np.empty((0, len(LABELS)), dtype=np.float32) for name in self._outputs}
        return {
            name: np.concatenate([row[column] for row in rows]) for column, name in enumerate(self._outputs)
        }

    def _run_one(self, ids: list[int]) -> list[NDArray[np.float32]]:
        input_ids = np.array([ids], dtype=np.int64)
        inputs = {
            "input_ids": input_ids,
            "attention_mask": np.ones_like(input_ids),
            "token_type_ids": np.zeros_like(input_ids),
        }
        try:
            outputs: list[NDArray[np.float32]] = self._session.run(
                self._outputs, {name: inputs[name] for name in self._inputs}
            )
        except Exception as error:
            raise UnusableModelError(self._path, _first_line(error)) from error
        return outputs

    def _workers(self) -> ThreadPoolExecutor:
        """The pool of this process, made on first need."""
        process = os.getpid()
        if process not in self._pools:
            # Of two threads that come at once one is the first; the other's pool has no threads yet. A lock
            # might be held by another thread when the process forks, and then for ever.
            pool = ThreadPoolExecutor(self._threads, thread_name_prefix="claimclf")
            self._pools.setdefault(process, pool)
        return self._pools[process]


def session_options() -> ort.SessionOptions:
    """Options with which an int8 graph has the same products on every processor."""
    options = ort.SessionOptions()
    options.add_session_config_entry(*_NO_OVERFLOW)
    return options


def _session(path: Path) -> ort.InferenceSession:
    """A session of one thread, after a look at whether the file refers to others."""
    options = session_options()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # what goes wrong is raised, and said once
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            facts = onnx_facts(content)
    except ValueError as error:
        raise UnusableModelError(path, f"it is not ONNX ({error})") from error
    if facts.has_external_data:
        raise UnsafeModelFileError(path, "which takes numbers from files that it names itself")
    try:
        return ort.InferenceSession(
            str(path),
            options,
            providers=["CPUExecutionProvider"],
            enable_fallback=0,  # to the provider it has already: it would print what is raised
            disabled_optimizers=_SLOW_FUSIONS & {facts.metadata.get(_SLOW_FUSIONS_KEY)},
        )
    except Exception as error:
        raise UnusableModelError(path, _first_line(error)) from error


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0] or type(error).__name__
