"""The options that several commands of ``claimclf`` share, so that they read alike everywhere."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import typer

from claimclf.model_dir import shipped_models


class OnError(str, Enum):
    """What to do at a row that cannot be used."""

    STOP = "stop"
    SKIP = "skip"


class InputFormat(str, Enum):
    """What files and standard input hold, where their ending does not say."""

    TEXT = "text"
    LINES = "lines"
    CSV = "csv"
    TSV = "tsv"
    JSONL = "jsonl"
    PARQUET = "parquet"
    XLSX = "xlsx"


def _shipped(incomplete: str) -> list[str]:
    return [name for name in shipped_models() if name.startswith(incomplete)]


_MODEL = "A shipped model's name or a model directory."
Files = Annotated[
    list[str] | None,
    typer.Argument(
        help="Texts (.txt) or tables (.csv, .tsv, .jsonl), .gz too, or .parquet, .xlsx; none: stdin."
    ),
]
Model = Annotated[str, typer.Option(help=_MODEL, autocompletion=_shipped)]
ModelArgument = Annotated[str, typer.Argument(help=_MODEL, autocompletion=_shipped)]
TextColumn = Annotated[str | None, typer.Option(help="The column of a table's texts; guessed where obvious.")]
Format = Annotated[InputFormat | None, typer.Option(help="What the input is, where its ending does not say.")]
Encoding = Annotated[str | None, typer.Option(help="Of the input, like cp1252; found out where not given.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite what is there.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of tables.")]
