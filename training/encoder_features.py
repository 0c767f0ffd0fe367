"""What a model's encoder makes of sentences: features for methods that learn on top of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from rich.console import Console
from rich.progress import track
from transformers import AutoModelForSequenceClassification

from claimclf.labels import LABELS
from claimclf.model_dir import CONFIG, TOKENIZER, WEIGHTS
from claimclf.tokenization import WindowTokenizer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from transformers import PreTrainedModel

    from claimclf.model_dir import ModelDir

_BATCH = 32


def encoder_features(model_dir: ModelDir, texts: Sequence[str]) -> tuple[NDArray[np.float32], ...]:
    """The mean of the last hidden states of each text, and its logits.

    Of a text longer than the model's window the first window is read. A text without a token has zeros.

    Args:
        model_dir: a model directory, opened.
        texts: the sentences.

    Returns:
        Shapes (len(texts), hidden size) and (len(texts), 4), in float32.

    Raises:
        ModelFileMissingError, ModelFileAlteredError: the directory lacks its weights, or they changed.
    """
    model = _load(model_dir)
    tokenizer = WindowTokenizer(model_dir.file(TOKENIZER), model_dir.metadata.window)
    ids = {row: windows[0] for row, text in enumerate(texts) if (windows := tokenizer.windows(text))}
    hidden: int = model.config.hidden_size
    means = np.zeros((len(texts), hidden), dtype=np.float32)
    logits = np.zeros((len(texts), len(LABELS)), dtype=np.float32)
    longest_first = sorted(ids, key=lambda row: -len(ids[row]))
    batches = [longest_first[start : start + _BATCH] for start in range(0, len(ids), _BATCH)]
    console = Console(stderr=True)
    for rows in track(
        batches, "Reading sentences", console=console, transient=True, disable=not console.is_terminal
    ):
        means[rows], logits[rows] = _run(model, [ids[row] for row in rows])
    return means, logits


def _load(model_dir: ModelDir) -> PreTrainedModel:
    for name in (CONFIG, WEIGHTS):
        model_dir.file(name)
    model: PreTrainedModel = AutoModelForSequenceClassification.from_pretrained(
        model_dir.path, local_files_only=True, use_safetensors=True, dtype=torch.float32
    )
    return model.eval()  # type: ignore[no-untyped-call, no-any-return]


def _run(model: PreTrainedModel, batch: list[list[int]]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The mean hidden states and the logits of windows of which the first is the longest."""
    shape = (len(batch), len(batch[0]))
    input_ids = torch.full(shape, int(model.config.pad_token_id or 0), dtype=torch.long)
    mask = torch.zeros(shape, dtype=torch.long)
    for row, ids in enumerate(batch):
        input_ids[row, : len(ids)] = torch.tensor(ids)
        mask[row, : len(ids)] = 1
    with torch.inference_mode():
        output = model(input_ids=input_ids, attention_mask=mask, output_hidden_states=True)
    weights = (mask / mask.sum(dim=1, keepdim=True)).unsqueeze(-1)
    return (output.hidden_states[-1] * weights).sum(dim=1).numpy(), output.logits.numpy()
