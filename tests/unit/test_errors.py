from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from claimclf import errors
from claimclf.errors import ClaimclfError

PATH = Path("some/where")
EXAMPLES = [
    errors.NotAStringError(None, 3),
    errors.NotTextsError(7, "Pass a list."),
    errors.OptionError("threads", 0, "1 or more"),
    errors.MissingExtraError("The torch backend", "torch"),
    errors.ModelNotFoundError("some/where", ["one", "two"]),
    errors.ModelFileMissingError(PATH),
    errors.ModelFileAlteredError(PATH),
    errors.UnsafeModelFileError(PATH, "a link that leads out of it"),
    errors.UnusableModelError(PATH, "it is not ONNX"),
    errors.ModelMetadataError(PATH, "no labels"),
    errors.OutputExistsError(PATH),
    errors.DiskFullError(PATH, "Free some."),
    errors.UnwritableFileError(PATH, "Permission denied", "Choose another."),
    errors.UnreadableFileError(PATH, "not there", "Check the path."),
    errors.ColumnError("a.csv", "txt", ["text", "id"], "text"),
    errors.ColumnClashError("a.csv", "label"),
    errors.BadRowError("a.csv", 3, "is not JSON", "Mend it."),
    errors.ColumnTypeError("'id': not an integer"),
    errors.OtherModelError("a.csv, line 2", "0.1.0:00", "0.1.0:ff"),
    errors.JournalError(PATH, "is not a journal"),
    errors.LabelledDataError("some/where:7", "no text", "Add one."),
    errors.ConfigurationError("epochs=0 is not possible.", "Use 1 or more."),
    errors.ExportDisagreesError(3, 200, 0.01),
    errors.BaselineUnavailableError("static", "there is no encoder (--base-model)"),
]
CLASSES = [
    value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, Exception)
]
every_error = pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)


def test_every_class_has_an_example_here():
    assert {type(error) for error in EXAMPLES} == {*CLASSES} - {ClaimclfError}


def test_every_class_has_a_code_of_its_own():
    assert len({cls.code for cls in CLASSES}) == len(CLASSES)


@every_error
def test_the_message_starts_with_the_code_and_ends_with_the_cure(error):
    assert str(error).startswith(f"[{error.code}] ")
    problem, cure = str(error).split(" ", 1)[1], str(error).rsplit(". ", 1)[-1]
    assert len(problem) > len(cure) > 0


@every_error
def test_an_error_is_also_the_built_in_exception_that_fits(error):
    assert isinstance(error, ClaimclfError)
    assert any(
        issubclass(base, Exception) and base not in (Exception, ClaimclfError)
        for base in type(error).__bases__
    )


@every_error
def test_the_class_says_in_one_line_when_it_is_raised(error):
    assert type(error).__doc__.splitlines()[0].endswith(".")


@pytest.mark.parametrize(
    "error", [e for e in EXAMPLES if "some/where" in str(e)], ids=lambda error: type(error).__name__
)
def test_an_error_about_a_file_names_it(error):
    assert str(PATH) in str(error)


@pytest.mark.parametrize("cls", [c for c in CLASSES if c.code.startswith("E3")], ids=lambda cls: cls.__name__)
def test_every_error_of_the_model_directory_names_a_path(cls):
    (error,) = (e for e in EXAMPLES if type(e) is cls)
    assert str(PATH) in str(error)


@pytest.mark.parametrize(
    ("error", "built_in"),
    [
        (errors.NotAStringError(None, 0), TypeError),
        (errors.NotTextsError(None, ""), TypeError),
        (errors.OptionError("threads", 0, "1"), ValueError),
        (errors.MissingExtraError("x", "torch"), ImportError),
        (errors.ModelNotFoundError("x", []), FileNotFoundError),
        (errors.ModelFileMissingError(PATH), FileNotFoundError),
        (errors.ModelFileAlteredError(PATH), ValueError),
        (errors.OutputExistsError(PATH), FileExistsError),
        (errors.UnreadableFileError(PATH, "", ""), OSError),
        (errors.UnwritableFileError(PATH, "", ""), OSError),
    ],
    ids=lambda value: getattr(value, "__name__", type(value).__name__),
)
def test_code_that_knows_nothing_of_claimclf_can_catch_it(error, built_in):
    with pytest.raises(built_in):
        raise error


@every_error
def test_an_error_crosses_to_another_process(error):
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (type(error), str(error))


def test_the_share_of_flips_that_is_allowed_is_told_as_it_was_set():
    assert "9 of 799 sentences differently from the float model (1.13%; 1.25% is allowed)" in str(
        errors.ExportDisagreesError(9, 799, 0.0125)
    )


def test_a_position_is_an_attribute_too():
    assert errors.NotAStringError(None, 3).position == 3


def test_shipped_models_are_named_when_one_is_not_found():
    assert "one, two" in str(errors.ModelNotFoundError("three", ["one", "two"]))
