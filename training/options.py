"""The options that several commands share, so that they read alike everywhere."""

from __future__ import annotations

from typing import Annotated

import typer

TextColumn = Annotated[str | None, typer.Option(help="The column of the sentences; guessed where obvious.")]
LabelsColumn = Annotated[str | None, typer.Option(help="The column of the labels; guessed where obvious.")]
DocColumn = Annotated[
    str | None, typer.Option(help="The column that says which document a sentence is from; guessed likewise.")
]
LabelMap = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME: LABEL",
        help='What a label is called in the data, "CTA: call_to_action", or a YAML file of such lines; '
        "may be repeated. `none` is a label here.",
    ),
]
Sentences = Annotated[
    list[str] | None,
    typer.Option(help="Where DATA holds labels by sentence id: the sentences; may be repeated."),
]
Split = Annotated[str | None, typer.Option(help="Which split of a data set that has several.")]
Resamples = Annotated[int, typer.Option(min=2, help="Of the bootstrap.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of tables.")]
