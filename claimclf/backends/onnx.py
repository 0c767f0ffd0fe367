"""The default backend: int8 ONNX on the CPU, one window a run.

A dynamically quantised model takes its scale from everything in a run, so a window that shared a run with
others would get other numbers than alone. One window a run, each on a single thread, makes a result
independent of its neighbours, to the bit; and since short windows waste nothing on padding, it is fast too.
"""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, islice
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime as ort

from claimclf.labels import LABELS
from claimclf.model_dir import ONNX

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from claimclf.model_dir import ModelDir


class OnnxBackend:
    """A single-threaded ONNX Runtime session, run by a pool of worker threads."""

    def __init__(self, model_dir: ModelDir, threads: int) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = ort.InferenceSession(
            str(model_dir.file(ONNX)), options, providers=["CPUExecutionProvider"]
        )
        self._inputs = {node.name for node in self._session.get_inputs()}
        self._outputs = [node.name for node in self._session.get_outputs()]
        self._threads = threads
        self._pool: ThreadPoolExecutor | None = None
        self._pool_owner = 0
        self._lock = threading.Lock()

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
        outputs: list[NDArray[np.float32]] = self._session.run(
            self._outputs, {name: inputs[name] for name in self._inputs}
        )
        return outputs

    def _workers(self) -> ThreadPoolExecutor:
        """The pool, made on first need; made anew in a forked child, which inherits no running threads."""
        with self._lock:
            if self._pool is None or self._pool_owner != os.getpid():
                self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="claimclf")
                self._pool_owner = os.getpid()
            return self._pool
