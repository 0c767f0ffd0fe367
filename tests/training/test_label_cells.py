from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimclf import Label
from claimclf.errors import LabelledDataError
from claimclf.labels import LABELS
from training.label_cells import label_columns, labels_in, labels_ticked

PLACE = "a.csv, line 2"
BOTH = (Label.ACCUSATION, Label.CALL_TO_ACTION)
NAN = float("nan")


@pytest.mark.parametrize(
    "cell",
    [
        ["accusation", "call_to_action"],
        ("accusation", "call_to_action"),
        '["accusation", "call_to_action"]',
        "['accusation', 'call_to_action']",
        "accusation|call_to_action",
        "accusation, call_to_action",
        "accusation;call_to_action",
        "accusation#call_to_action",
        "accusation\ncall_to_action",
        "accusation + call_to_action",
        " Accusation | Call to action |",
        "ACCUSATION,CALL-TO-ACTION",
        {"choices": ["Accusation", "Call To Action"]},
        '{"choices": ["accusation", "call_to_action"]}',
        '[{"choices": ["accusation", "call_to_action"]}]',
        [{"choices": "accusation"}, {"choices": "call_to_action"}],
        ["", "accusation", "call to action"],
    ],
)
def test_two_labels_are_read_however_they_are_written(cell: Any) -> None:
    assert labels_in(cell, PLACE, {}) == BOTH


@pytest.mark.parametrize(
    "cell",
    [
        None,
        NAN,
        "",
        "  ",
        "none",
        "None",
        " NONE ",
        "null",
        "NaN",
        [],
        "[]",
        ["none"],
        '["None"]',
        [NAN],
        [""],
    ],
)
def test_blank_and_none_mean_none_of_the_four(cell: Any) -> None:
    assert labels_in(cell, PLACE, {}) == ()


@pytest.mark.parametrize("label", LABELS)
def test_a_label_is_known_by_its_name_in_any_case_and_spacing(label: Label) -> None:
    for name in (label.value, label.value.upper(), label.value.replace("_", " ").capitalize(), f" {label} "):
        assert labels_in(name, PLACE, {}) == (label,)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("CTA", (Label.CALL_TO_ACTION,)),
        ("cta; denial", (Label.CALL_TO_ACTION, Label.DENIAL)),
        ("Blame, direct", (Label.ACCUSATION,)),
        ("blame|accusation", (Label.ACCUSATION,)),
        ("other", ()),
        ("other|denial", (Label.DENIAL,)),
        (1, (Label.DENIAL,)),
        (1.0, (Label.DENIAL,)),
        ("1", (Label.DENIAL,)),
        ([1, "CTA"], (Label.DENIAL, Label.CALL_TO_ACTION)),
        ("denial", (Label.DENIAL,)),
        ("report", (Label.FACTUAL_REPORT,)),
        ("?", (Label.ACCUSATION,)),
    ],
)
def test_the_label_map_gives_other_names_their_meaning(cell: Any, expected: tuple[Label, ...]) -> None:
    label_map = {
        "CTA": "call_to_action",
        "Blame, direct": "accusation",
        "blame": "accusation",
        "other": "none",
        "1": "denial",
        "report": "factual_report",
        "?": "accusation",
    }
    assert labels_in(cell, PLACE, label_map) == expected


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("denail", "unknown label 'denail'. Did you mean denial?"),
        ("Calls to action", "Did you mean call_to_action?"),
        ("blme", "Did you mean blame?"),
        ("?", "unknown label '?'. Known: accusation"),
        ("-", "unknown label '-'"),
        (3, "unknown label 3"),
        ([None], "unknown label None"),
        ([["denial"]], "unknown label ['denial']"),
        ([True], "unknown label True"),
        (True, "neither a list nor text"),
        ({"denial": 1}, "neither a list nor text"),
        ("[1", "are not a JSON list"),
        ("{denial}", "are not a JSON list"),
        ("denial|denial", "cannot go together"),
        ("denial, Denial", "cannot go together"),
        ("denial|none", "cannot go together"),
        (["none", "none"], "cannot go together"),
        ("factual report, denial", "factual_report stands alone"),
        ("news|denial", "factual_report stands alone"),
    ],
)
def test_what_is_no_label_is_an_error_that_says_what_it_could_be(cell: Any, problem: str) -> None:
    with pytest.raises(LabelledDataError) as raised:
        labels_in(cell, PLACE, {"blame": "accusation", "news": "factual_report"})
    assert problem in str(raised.value)
    assert PLACE in str(raised.value)


def test_an_unknown_name_says_how_to_map_it() -> None:
    with pytest.raises(LabelledDataError, match='--label-map "NAME: label"'):
        labels_in("opinion", PLACE, {})


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
values = st.recursive(
    scalars | st.sampled_from([*map(str, LABELS), "none", "[", "{", "|", "[[" * 500, "{1}", "['a'"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.just("choices"), inner, max_size=2)
    ),
    max_leaves=6,
)


@given(
    values,
    st.sampled_from([lambda cell: cell, json.dumps, str]),
    st.dictionaries(st.text(), st.sampled_from([*map(str, LABELS), "none"]), max_size=3),
)
def test_any_cell_gives_labels_or_an_error_of_ours(
    cell: Any, form: Callable[[Any], Any], label_map: dict[str, str]
) -> None:
    labels: tuple[Label, ...] = ()
    problem = PLACE
    try:
        labels = labels_in(form(cell), PLACE, label_map)
    except LabelledDataError as error:
        problem = str(error)
    assert PLACE in problem
    assert set(labels) <= set(LABELS)
    assert len(set(labels)) == len(labels)


@given(
    st.permutations(LABELS[:3]).flatmap(lambda order: st.integers(0, 3).map(lambda n: tuple(order[:n]))),
    st.sampled_from(["|", ",", ";", "#", "+", "\n", " | ", ", "]),
)
def test_labels_come_back_in_the_order_they_were_written(labels: tuple[Label, ...], separator: str) -> None:
    assert labels_in(separator.join(labels), PLACE, {}) == labels
    assert labels_in(json.dumps(labels), PLACE, {}) == labels


def test_columns_are_recognised_by_the_names_of_labels_and_of_the_map() -> None:
    found = label_columns(["text", "Call to action", "blame", "None", "doc"], {"blame": "accusation"})
    assert found == {"Call to action": Label.CALL_TO_ACTION, "blame": Label.ACCUSATION, "None": None}
    assert label_columns(["text", "none", "other"], {"other": "none"}) == {}


@pytest.mark.parametrize("tick", [1, 1.0, "1", "1.0", True, "TRUE", "yes", "Y", "x", " X ", "✓"])
@pytest.mark.parametrize("blank", [0, 0.0, "0", False, "false", "No", "", None, NAN, "-"])
def test_a_column_is_ticked_or_not(tick: Any, blank: Any) -> None:
    columns = {"denial": Label.DENIAL, "blame": Label.ACCUSATION, "none": None}
    assert labels_ticked({"denial": tick, "blame": blank, "none": blank}, columns, PLACE) == (Label.DENIAL,)
    assert labels_ticked({"denial": blank, "blame": blank, "none": tick}, columns, PLACE) == ()
    assert labels_ticked({"denial": blank, "blame": blank, "none": blank}, columns, PLACE) == ()


def test_of_ticked_labels_the_first_in_label_order_is_primary() -> None:
    columns = {"denial": Label.DENIAL, "blame": Label.ACCUSATION, "attack": Label.ACCUSATION}
    ticks = {"denial": 1, "blame": 1, "attack": 1}
    assert labels_ticked(ticks, columns, PLACE) == (Label.ACCUSATION, Label.DENIAL)


@pytest.mark.parametrize(
    ("ticks", "problem"),
    [
        ({"denial": 0.93}, "0.93 in the column 'denial' is neither yes nor no"),
        ({"denial": "maybe"}, "--labels-column"),
        ({"denial": 1, "fact": 1}, "cannot go together"),
        ({"denial": 1, "none": "x"}, "['denial', 'none'] cannot go together"),
    ],
)
def test_ticks_that_say_nothing_clear_are_an_error(ticks: dict[str, Any], problem: str) -> None:
    columns = {"denial": Label.DENIAL, "fact": Label.FACTUAL_REPORT, "none": None}
    with pytest.raises(LabelledDataError) as raised:
        labels_ticked(ticks, columns, PLACE)
    assert problem in str(raised.value)
    assert PLACE in str(raised.value)
