"""Fine-tunes an encoder with four sigmoid outputs, one a label; "none" is all four low."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from datasets import Dataset
from torch.nn.functional import binary_cross_entropy_with_logits
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    Trainer,
    TrainingArguments,
    set_seed,
)

from claimclf.labels import LABELS
from training.averaging import KeepBestAverage
from training.calibrate import primary_of
from training.data import NONE, targets
from training.metrics import macro_f1
from training.optimizer import layered_adamw

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from transformers import EvalPrediction, PreTrainedModel, PreTrainedTokenizerBase

    from training.config import TrainingConfig
    from training.data import LabelledSentence

_EVAL_BATCH_SIZE = 64
_METRIC = "eval_macro_f1"


def fine_tune(
    config: TrainingConfig,
    base_model: Path,
    train: Sequence[LabelledSentence],
    validation: Sequence[LabelledSentence],
    work: Path,
    *,
    resume: bool,
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """The model of the epoch with the best macro-F1 on the validation sentences, and its tokenizer.

    Args:
        config: how to train.
        base_model: the directory of the encoder to start from.
        train: the sentences to learn from.
        validation: sentences of other documents, to choose the epoch on.
        work: where checkpoints and the best model so far are kept.
        resume: go on from the last checkpoint in ``work``, if there is one.
    """
    set_seed(config.seed)
    tokenizer = AutoTokenizer.from_pretrained(base_model, model_max_length=config.window_length)
    model = _with_new_head(base_model, config.dropout)
    optimizer = layered_adamw(
        model,
        learning_rate=config.learning_rate,
        layer_decay=config.layer_decay,
        weight_decay=config.weight_decay,
    )
    best = work / "best"
    trainer = Trainer(
        model=model,
        args=_arguments(config, work, steps_an_epoch=-(-len(train) // config.batch_size)),
        train_dataset=_tokenised(train, tokenizer),
        eval_dataset=_tokenised(validation, tokenizer),
        data_collator=DataCollatorWithPadding(tokenizer),
        compute_loss_func=_smoothed_cross_entropy(config.label_smoothing),
        compute_metrics=_compute_metrics,
        optimizers=(optimizer, None),
        callbacks=[KeepBestAverage(model, decay=config.average_decay, metric=_METRIC, best=best)],
    )
    trainer.train(resume_from_checkpoint=resume and any(work.glob("checkpoint-*")))
    return AutoModelForSequenceClassification.from_pretrained(best, dtype=torch.float32), tokenizer


def _with_new_head(base_model: Path, dropout: float) -> PreTrainedModel:
    config = AutoConfig.from_pretrained(
        base_model, num_labels=len(LABELS), problem_type="multi_label_classification"
    )
    for name in ("hidden_dropout_prob", "dropout"):  # as BERT and DistilBERT call it
        if hasattr(config, name):
            setattr(config, name, dropout)
    model: PreTrainedModel = AutoModelForSequenceClassification.from_pretrained(
        base_model, config=config, dtype=torch.float32
    )
    return model


def _smoothed_cross_entropy(smoothing: float) -> Callable[..., torch.Tensor]:
    """Binary cross-entropy a label, its targets pulled towards the share of one label in four."""

    def loss(outputs: Any, labels: torch.Tensor, **_: Any) -> torch.Tensor:
        smoothed = labels * (1.0 - smoothing) + smoothing / len(LABELS)
        return binary_cross_entropy_with_logits(outputs["logits"].float(), smoothed)

    return loss


def _arguments(config: TrainingConfig, work: Path, steps_an_epoch: int) -> TrainingArguments:
    return TrainingArguments(
        output_dir=str(work),
        seed=config.seed,
        num_train_epochs=config.epochs,
        per_device_train_batch_size=config.batch_size,
        per_device_eval_batch_size=_EVAL_BATCH_SIZE,
        warmup_steps=round(config.warmup_fraction * config.epochs * steps_an_epoch),
        lr_scheduler_type="linear",
        bf16=config.bf16,
        use_cpu=not torch.cuda.is_available(),
        train_sampling_strategy="group_by_length",
        eval_strategy="epoch",
        save_strategy="epoch",
        save_total_limit=1,
        logging_steps=50,
        dataloader_pin_memory=torch.cuda.is_available(),
        report_to="none",
    )


def _tokenised(rows: Sequence[LabelledSentence], tokenizer: PreTrainedTokenizerBase) -> Dataset:
    dataset = Dataset.from_dict({"text": [row.text for row in rows], "labels": targets(rows).tolist()})

    def tokenise(batch: dict[str, Any]) -> dict[str, Any]:
        encoded: dict[str, Any] = dict(tokenizer(batch["text"], truncation=True))
        return {**encoded, "length": [len(ids) for ids in encoded["input_ids"]]}

    return dataset.map(tokenise, batched=True, remove_columns=["text"])


def _compute_metrics(evaluation: EvalPrediction) -> dict[str, float]:
    gold = np.asarray(evaluation.label_ids)
    logits = np.asarray(evaluation.predictions, dtype=np.float64)
    # Rows with several acts count as the first of them here; the choice of an epoch needs no more.
    primary = np.where(gold.max(axis=1) > 0, gold.argmax(axis=1), NONE)
    thresholds = np.full(len(LABELS), 0.5)
    return {"macro_f1": macro_f1(primary, primary_of(logits, thresholds))}
