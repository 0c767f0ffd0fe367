"""What is imported when; each in an interpreter of its own."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import claimclf

HEAVY = ["torch", "transformers", "sklearn", "scipy", "pandas", "datasets", "training"]
INFERENCE = ["numpy", "onnxruntime", "tokenizers", "sentencex", "typer", "rich"]


def imported_by(code, *arguments):
    """The top-level packages that are loaded when the code has run."""
    report = "import sys, json; print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}", *map(str, arguments)],
        capture_output=True,
        check=True,
        text=True,
        timeout=120,
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_importing_the_package_imports_nothing_but_itself():
    assert imported_by("import claimclf").isdisjoint([*INFERENCE, *HEAVY])


def test_importing_a_label_imports_no_engine():
    assert imported_by("from claimclf import Label, Prediction, Document").isdisjoint([*INFERENCE, *HEAVY])


def test_the_first_predict_imports_the_engine_and_nothing_heavy(tiny_dir):
    imported = imported_by(
        "import sys, claimclf\n"
        "model = claimclf.ClaimClassifier.from_pretrained(sys.argv[1])\n"
        "model.predict(['Kesh left.', 'Dolan stayed.'])\n"
        "model.predict_document('Kesh left. Dolan stayed.')",
        tiny_dir,
    )
    assert imported >= {"numpy", "onnxruntime", "tokenizers", "sentencex"}
    assert imported.isdisjoint([*HEAVY, "typer", "rich"])


def test_the_torch_backend_imports_torch_only_when_asked_for(tiny_dir):
    imported = imported_by(
        "import sys, claimclf\nclaimclf.ClaimClassifier.from_pretrained(sys.argv[1], backend='torch')",
        tiny_dir,
    )
    assert {"torch", "transformers"} <= imported


def test_the_command_line_loads_no_engine_before_it_predicts():
    assert imported_by("import claimclf.cli").isdisjoint([*HEAVY, "numpy", "onnxruntime", "tokenizers"])


def test_importing_everything_says_nothing_and_sets_up_no_logging():
    code = (
        "import logging, warnings; warnings.simplefilter('error')\n"
        "from claimclf import *\n"
        "assert logging.getLogger().handlers == []"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=False, text=True, timeout=120
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_importing_does_not_touch_the_environment():
    code = "import os; before = dict(os.environ)\nfrom claimclf import *\nassert dict(os.environ) == before"
    imported_by(code)


@pytest.mark.parametrize("name", claimclf.__all__)
def test_every_public_name_resolves(name):
    assert getattr(claimclf, name) is not None
    assert name in dir(claimclf)


def test_public_names_are_what_the_design_shows():
    assert {
        "predict",
        "predict_iter",
        "predict_document",
        "ClaimClassifier",
        "Label",
        "Prediction",
        "Document",
    } < set(claimclf.__all__)


@pytest.mark.parametrize("name", ["predict_all", "np", ""])
def test_another_name_is_an_attribute_error(name):
    with pytest.raises(AttributeError, match="claimclf"):
        getattr(claimclf, name)
