"""The optional PyTorch backend: float32, CPU or GPU, length-sorted batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from claimclf.errors import MissingExtraError, UnusableModelError
from claimclf.labels import LABELS
from claimclf.model_dir import CONFIG, WEIGHTS

try:
    import torch
    from transformers import AutoModelForSequenceClassification
except ImportError as error:
    raise MissingExtraError("The torch backend", "torch") from error

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from claimclf.model_dir import ModelDir

_BATCH_SIZE = 32


class TorchBackend:
    """The Hugging Face model in float32, on the GPU where there is one.

    Batches are padded, so a score can differ from that of the same text alone by float32 rounding
    (some 1e-6); the onnx backend gives the same bits always. On the CPU, ``threads`` sets the number of
    threads of torch itself, for the whole process.
    """

    def __init__(self, model_dir: ModelDir, threads: int | None) -> None:
        for name in (CONFIG, WEIGHTS):
            model_dir.file(name)
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        if threads is not None and self._device.type == "cpu":
            torch.set_num_threads(threads)
        try:
            model = AutoModelForSequenceClassification.from_pretrained(
                model_dir.path, local_files_only=True, use_safetensors=True, dtype=torch.float32
            )
        except Exception as error:
            raise UnusableModelError(model_dir.path, str(error).split("\n")[0]) from error
        if model.config.num_labels != len(LABELS):
            raise UnusableModelError(model_dir.path, f"it does not give {len(LABELS)} numbers a text")
        self._model = model.to(self._device).eval()
        self._pad = int(model.config.pad_token_id or 0)

    def run(self, windows: Iterable[list[int]]) -> dict[str, NDArray[np.float32]]:
        """See `Backend.run`."""
        ids = list(windows)
        longest_first = sorted(range(len(ids)), key=lambda i: -len(ids[i]))
        logits = np.empty((len(ids), self._model.config.num_labels), dtype=np.float32)
        for start in range(0, len(ids), _BATCH_SIZE):
            rows = longest_first[start : start + _BATCH_SIZE]
            logits[rows] = self._run_batch([ids[row] for row in rows])
        return {"logits": logits}

    def _run_batch(self, batch: list[list[int]]) -> NDArray[np.float32]:
        shape = (len(batch), len(batch[0]))
        input_ids = torch.full(shape, self._pad, dtype=torch.long)
        attention_mask = torch.zeros(shape, dtype=torch.long)
        for row, ids in enumerate(batch):
            input_ids[row, : len(ids)] = torch.tensor(ids)
            attention_mask[row, : len(ids)] = 1
        with torch.inference_mode():
            output = self._model(
                input_ids=input_ids.to(self._device), attention_mask=attention_mask.to(self._device)
            )
        logits: NDArray[np.float32] = output.logits.cpu().numpy()
        return logits
