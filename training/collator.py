"""Puts tokenised sentences together in a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transformers import DataCollatorWithPadding

if TYPE_CHECKING:
    from collections.abc import Sequence

AGAIN = "input_ids_again"  # the column of what is read the second time


class Collator(DataCollatorWithPadding):
    """Pads sentences to the longest; where they are read twice, the second readings follow all the first."""

    def __call__(self, features: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """A batch.

        Args:
            features: n tokenised sentences with ``input_ids``, ``labels`` and perhaps `AGAIN`.

        Returns:
            The model's inputs, shape (n, tokens) or (2n, tokens), and ``labels``, as many.
        """
        readings = [
            {"input_ids": row[column], "labels": row["labels"]}
            for column in ("input_ids", AGAIN)
            for row in features
            if column in row
        ]
        return super().__call__(readings)
