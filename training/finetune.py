"""Fine-tunes a model with four sigmoid outputs, one a label; "none" is all four low."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from datasets import Dataset
from safetensors.torch import load_file
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    Trainer,
    TrainingArguments,
    set_seed,
)
from transformers.trainer_callback import PrinterCallback, ProgressCallback

from claimclf.errors import ConfigurationError
from claimclf.labels import LABELS
from training.augmentation import augmented
from training.averaging import KeepBestAverage
from training.calibrate import primary_of
from training.checkpoints import SaveWithinEpochs, checkpoint_to_take_up
from training.collator import AGAIN, Collator
from training.ctrl_c import HeedCtrlC
from training.data import primary_shares, targets
from training.loss import Loss
from training.metrics import macro_f1
from training.optimizer import layered_adamw
from training.processes import processes, sentences_a_device
from training.processor import has_bfloat16
from training.progress import ShowProgress
from training.run_directory import LOG_FILE, log_lines, write

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from transformers import EvalPrediction, PreTrainedModel, PreTrainedTokenizerBase

    from training.config import TrainingConfig
    from training.data import LabelledSentence

METRIC = "eval_macro_f1"
"""The figure of held-out sentences that decides between epochs."""

_EVAL_BATCH_SIZE = 64
_STEPS_BETWEEN_CHECKPOINTS = 500
_DROPOUT = ("hidden_dropout_prob", "dropout", "seq_classif_dropout", "mlp_dropout", "classifier_dropout")
_ATTENTION_DROPOUT = ("attention_probs_dropout_prob", "attention_dropout")


def fine_tune(
    config: TrainingConfig,
    start: Path,
    train: Sequence[LabelledSentence],
    validation: Sequence[LabelledSentence],
    work: Path,
    *,
    resume: bool,
    run: int = 0,
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """The model of the epoch with the best macro-F1 on the validation sentences, and its tokenizer.

    Args:
        config: how to train.
        start: the directory of the model to start from: an encoder, which gets new outputs, or a
            claimclf model.
        train: the sentences to learn from; the configured share of them is changed, see `augmented`. Where
            each is read twice, the first reading is of the sentence as it is.
        validation: sentences of other documents, to choose the epoch on.
        work: where checkpoints, the best weights so far and the log are kept.
        resume: go on from the last whole checkpoint in ``work``, if there is one; a run that came to its end
            is not made again.
        run: which of several that begin alike: each has an order of the sentences, changes of them and
            dropout of its own.

    Raises:
        ConfigurationError: the model cannot read windows of the configured length, the batch cannot be
            shared out among the processes, or others than these wrote the checkpoint.
    """
    best = work / "best.safetensors"
    tokenizer = AutoTokenizer.from_pretrained(start, model_max_length=config.window_length)
    set_seed(config.seed)  # of the outputs; the Trainer sets the seed of the run
    model = _model(start, config)
    if resume and (work / LOG_FILE).is_file():
        return _with_weights(model, best), tokenizer
    checkpoint = checkpoint_to_take_up(work) if resume else None
    seed = config.seed + run
    optimizer = layered_adamw(
        model,
        learning_rate=config.learning_rate,
        layer_decay=config.layer_decay,
        weight_decay=config.weight_decay,
    )
    heed_ctrl_c = HeedCtrlC()
    trainer = _trainer(
        model,
        tokenizer,
        config,
        validation,
        _arguments(config, work, seed=seed, steps_an_epoch=-(-len(train) // config.batch_size)),
        train_dataset=_to_learn(train, tokenizer, config, seed=seed),
        optimizers=(optimizer, None),
        callbacks=[
            heed_ctrl_c,
            SaveWithinEpochs(_STEPS_BETWEEN_CHECKPOINTS),
            KeepBestAverage(
                model, decay=config.average_decay, kept=config.kept_share, metric=METRIC, best=best
            ),
        ],
    )
    trainer.add_callback(ShowProgress(METRIC, run=run, runs=config.averaged_runs))
    with heed_ctrl_c.listening():
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    processes().wait_for_everyone()
    if processes().is_main_process:
        write(work / LOG_FILE, log_lines(trainer.state.log_history))
    return _with_weights(model, best), tokenizer


def held_out_figures(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    config: TrainingConfig,
    validation: Sequence[LabelledSentence],
    work: Path,
) -> dict[str, float]:
    """What `fine_tune` measures after each epoch, of any model: `METRIC`, ``eval_loss``, and times."""
    plain = deepcopy(model)  # the Trainer wraps autocast around its forward pass
    arguments = _arguments(config, work, seed=config.seed, steps_an_epoch=0)
    return _trainer(plain, tokenizer, config, validation, arguments).evaluate()


def _trainer(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    config: TrainingConfig,
    validation: Sequence[LabelledSentence],
    arguments: TrainingArguments,
    **to_learn: Any,
) -> Trainer:
    """A silent Trainer that measures on the validation sentences, and learns where it is given what."""
    trainer = Trainer(
        model=model,
        args=arguments,
        eval_dataset=_tokenised(validation, tokenizer),
        data_collator=Collator(tokenizer),
        compute_loss_func=Loss(primary_weight=config.primary_loss, consistency=config.consistency),
        compute_metrics=_compute_metrics,
        **to_learn,
    )
    for callback in (ProgressCallback, PrinterCallback):
        trainer.remove_callback(callback)
    return trainer


def _model(start: Path, settings: TrainingConfig) -> PreTrainedModel:
    """The model at a path in float32; what an encoder lacks, the outputs, begins at random."""
    config = AutoConfig.from_pretrained(
        start, num_labels=len(LABELS), problem_type="multi_label_classification"
    )
    longest = getattr(config, "max_position_embeddings", None)
    if longest is not None and settings.window_length > longest:
        raise ConfigurationError(
            f"window_length: the model reads {longest} tokens at most, not {settings.window_length}.",
            f"Use {longest} or less.",
        )
    for name in _DROPOUT:
        if getattr(config, name, None) is not None:
            setattr(config, name, settings.dropout)
    for name in _ATTENTION_DROPOUT:
        if getattr(config, name, None) is not None:
            setattr(config, name, settings.attention_dropout)
    model: PreTrainedModel = AutoModelForSequenceClassification.from_pretrained(
        start, config=config, dtype=torch.float32, attn_implementation=_attention()
    )
    if settings.fresh_pooler and not settings.from_model:
        _begin_pooler(model)
    return model


def _attention() -> str | None:
    """The fused kind is slow on a CPU: backwards it takes as long as the rest of the model (torch 2.13)."""
    return None if torch.cuda.is_available() else "eager"


def _begin_pooler(model: PreTrainedModel) -> None:
    """Makes the dense layer between encoder and outputs, where there is one, the identity.

    Taken over as it is, it stands in the way of short runs (Zhang et al. 2021, Revisiting Few-sample BERT
    Fine-tuning): encoders for sentence embeddings carry one that was never trained, and next to zero.
    """
    dense = getattr(getattr(model.base_model, "pooler", None), "dense", None)
    if isinstance(dense, torch.nn.Linear) and dense.in_features == dense.out_features:
        torch.nn.init.eye_(dense.weight)
        torch.nn.init.zeros_(dense.bias)


def _with_weights(model: PreTrainedModel, weights: Path) -> PreTrainedModel:
    """A model of the same kind, without what the Trainer wraps around its forward pass."""
    plain: PreTrainedModel = type(model)(model.config)
    plain.load_state_dict(load_file(weights))
    return plain


def _arguments(config: TrainingConfig, work: Path, *, seed: int, steps_an_epoch: int) -> TrainingArguments:
    return TrainingArguments(
        output_dir=str(work),
        seed=seed,
        num_train_epochs=config.epochs,
        per_device_train_batch_size=sentences_a_device(config.batch_size),
        per_device_eval_batch_size=_EVAL_BATCH_SIZE,
        warmup_steps=round(config.warmup_fraction * config.epochs * steps_an_epoch),
        lr_scheduler_type="linear",
        bf16=config.bf16 and has_bfloat16(),
        use_cpu=not torch.cuda.is_available(),
        accelerator_config={"split_batches": True},  # the same batches, however many processes share them
        average_tokens_across_devices=False,  # all processes have as many sentences: their means count alike
        train_sampling_strategy="group_by_length",
        eval_strategy="epoch",
        save_strategy="epoch",
        save_total_limit=2,  # while the newest is being written, the one before is whole
        logging_steps=50,
        remove_unused_columns=False,  # the collator takes what it needs
        dataloader_pin_memory=torch.cuda.is_available(),
        disable_tqdm=True,
        report_to="none",
    )


def _to_learn(
    rows: Sequence[LabelledSentence], tokenizer: PreTrainedTokenizerBase, config: TrainingConfig, *, seed: int
) -> Dataset:
    changed = augmented(
        rows, perturbed_share=config.perturbed_share, renamed_share=config.renamed_share, seed=seed
    )
    if not config.consistency:
        return _tokenised(changed, tokenizer, smoothing=config.label_smoothing)
    first = _tokenised(rows, tokenizer, smoothing=config.label_smoothing)
    again = tokenizer([row.text for row in changed], truncation=True)["input_ids"]
    return first.add_column(AGAIN, again)


def _tokenised(
    rows: Sequence[LabelledSentence], tokenizer: PreTrainedTokenizerBase, *, smoothing: float = 0.0
) -> Dataset:
    """The sentences as the collator takes them, with the labels that `Loss` reads: targets, then shares."""
    ids = tokenizer([row.text for row in rows], truncation=True)["input_ids"]
    labels = np.column_stack([targets(rows, smoothing=smoothing), primary_shares(rows, smoothing=smoothing)])
    return Dataset.from_dict(
        {"input_ids": ids, "labels": labels.tolist(), "length": [len(sentence) for sentence in ids]}
    )


def _compute_metrics(evaluation: EvalPrediction) -> dict[str, float]:
    primary = np.asarray(evaluation.label_ids)[:, len(LABELS) :].argmax(axis=1)
    logits = np.asarray(evaluation.predictions, dtype=np.float64)
    thresholds = np.full(len(LABELS), 0.5)
    return {"macro_f1": macro_f1(primary, primary_of(logits, thresholds))}
