"""Every field of the training configuration as an option of a command."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Annotated, Any

from claimclf.errors import OptionError
from training.columns import read_label_map, yaml_mapping
from training.config import options, types

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def with_config_options(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command an option for each field of `TrainingConfig`.

    Args:
        command: takes a keyword argument ``overrides``, the fields that were given as options, and others of
            its own.
    """
    own = [p for p in inspect.signature(command, eval_str=True).parameters.values() if p.name != "overrides"]
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_annotation(name))
        for name in types()
    ]

    @functools.wraps(command)
    def with_options(**given: Any) -> None:
        overrides = {
            name: _value(name, given[name])
            for name in types()
            if given.get(name) is not None and given[name] != []
        }
        command(overrides=overrides, **{p.name: given[p.name] for p in own if p.name in given})

    parameters = [*own, *added]
    with_options.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    with_options.__annotations__ = {p.name: p.annotation for p in parameters}
    return with_options


def _annotation(name: str) -> Any:
    wanted = types()[name]
    plain = list[str] if wanted in (dict[str, str], dict[str, float]) else wanted
    return Annotated[plain | None, options()[name]]


def _value(name: str, given: Any) -> Any:
    if name == "label_map":
        return read_label_map(given)
    match types()[name]:
        case wanted if wanted == dict[str, str]:
            return _mapping(name, given)
        case wanted if wanted == dict[str, float]:
            return {key: _number(name, value) for key, value in _mapping(name, given).items()}
    return given


def _mapping(name: str, entries: Sequence[str]) -> dict[str, str]:
    """What ``NAME: VALUE`` entries, or YAML files of such lines, say together."""
    merged: dict[str, str] = {}
    for entry in entries:
        mapping = yaml_mapping(entry)
        if not mapping or not all(isinstance(value, str) for value in mapping.values()):
            raise OptionError(name, entry, 'written as "NAME: VALUE"')
        merged |= mapping
    return merged


def _number(name: str, value: str) -> float:
    try:
        return float(value)
    except ValueError as error:
        raise OptionError(name, value, "a number") from error
