"""Whether a value that was read from YAML is one that a field of the training configuration takes."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, get_origin

from claimclf.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping


def checked(name: str, value: Any, types: Mapping[str, Any]) -> Any:
    """The value of a field; a single string where it takes a list is a list of one.

    Args:
        name: of the field.
        value: of any type.
        types: of all fields, by name.

    Raises:
        ConfigurationError: there is no such field (the nearest known one is named), or it takes another type.

    >>> checked("train", "mine.csv", {"train": list[str]})
    ['mine.csv']
    """
    if name not in types:
        nearest = difflib.get_close_matches(name, types, n=1)
        hint = f"Did you mean {nearest[0]}?" if nearest else f"Known: {', '.join(types)}."
        raise ConfigurationError(f"There is no field {name!r}.", hint)
    wanted = types[name]
    if wanted == list[str] and isinstance(value, str):
        value = [value] if value else []
    if not _fits(value, wanted):
        written = str(wanted) if get_origin(wanted) else wanted.__name__
        raise ConfigurationError(
            f"{name}: {value!r} is not a {written}.",
            'YAML wants numbers like 0.0001 or 1.0e-4, and names like "no" and "7" in quotes.',
        )
    return value


def _fits(value: Any, wanted: Any) -> bool:
    if wanted in (dict[str, str], dict[str, float]):
        of_values = wanted.__args__[1]
        return isinstance(value, dict) and all(
            isinstance(name, str) and _fits(entry, of_values) for name, entry in value.items()
        )
    if wanted == list[str]:
        return isinstance(value, list) and all(isinstance(entry, str) for entry in value)
    if isinstance(value, bool) or wanted is bool:
        return isinstance(value, bool) and wanted is bool
    return isinstance(value, (int, float) if wanted is float else wanted)
