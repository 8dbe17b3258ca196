"""Turn frozen values into JSON-ready mappings and back; pydantic's home beside the settings. Pure."""

from collections.abc import Hashable, Mapping
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter

T = TypeVar("T")


@cache
def _adapter(kind: Hashable) -> TypeAdapter[Any]:
    return TypeAdapter(cast("type[Any]", kind))


def to_json(value: object) -> dict[str, Any]:
    """Give a dataclass as JSON-ready values: times as ISO 8601 text, enumerations as their values."""
    dumped: dict[str, Any] = _adapter(cast("Hashable", type(value))).dump_python(value, mode="json")
    return dumped


def from_json(kind: type[T], payload: Mapping[str, Any]) -> T:
    """Rebuild a value of `kind`; raises pydantic.ValidationError, a ValueError, where the payload does not fit."""
    built: T = _adapter(cast("Hashable", kind)).validate_python(payload)
    return built
