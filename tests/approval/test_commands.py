"""Every command on a page is one that its program takes; the served model of the tutorial serves."""

from __future__ import annotations

import importlib
import io
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from claimclf import cli

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "training" / "TUTORIAL.md"
PAGES = [ROOT / "README.md", *sorted((ROOT / "training").rglob("*.md"))]


def commands(page: Path) -> Iterator[list[str]]:
    """The words of each command line after a prompt, continued lines joined."""
    for block in re.findall(r"```console\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL):
        for line in re.findall(r"^\$ (.*)", block.replace("\\\n", " "), flags=re.MULTILINE):
            for piece in re.split(r"\s(?:\||&&|;)\s", line):
                yield shlex.split(piece, comments=True)


def parse(words: list[str]) -> None:
    """Parses a command line as its program does, without running it."""
    match words:
        case ["python", "-m", module, *arguments] if module.startswith("training."):
            name = module.removeprefix("training.")
            app = typer.Typer()
            app.command()(getattr(importlib.import_module(module), name))
            command: Any = typer.main.get_command(app)
        case ["claimclf", name, *arguments]:
            command = typer.main.get_command(cli.app).commands[name]
        case _:
            return
    command.make_context(name, arguments)


@pytest.mark.parametrize(
    "words", [pytest.param(words, id=" ".join(words)) for page in PAGES for words in commands(page)]
)
def test_a_command_on_a_page_is_taken_by_its_program(words: list[str]) -> None:
    parse(words)


def test_an_option_that_does_not_exist_is_noticed() -> None:
    with pytest.raises(Exception, match="No such option"):
        parse(["python", "-m", "training.check", "a.csv", "--no-such-option"])


def test_the_service_of_the_tutorial_answers(tiny_dir: Path) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", TUTORIAL.read_text(encoding="utf-8"), flags=re.DOTALL)
    names: dict[str, Any] = {"__name__": "serve"}
    exec(program.replace("runs/newsroom", str(tiny_dir)), names)
    body = b"Osmani accused Verrin of fraud . Verrin denied it ."
    status: list[str] = []
    environ = {"CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body)}
    answer = json.loads(b"".join(names["app"](environ, lambda code, _headers: status.append(code))))
    assert status == ["200 OK"]
    assert [sentence["text"] for sentence in answer["sentences"]] == [
        "Osmani accused Verrin of fraud .",
        "Verrin denied it .",
    ]
