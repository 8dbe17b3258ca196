"""The Bot API's schema: which methods, parameters and types there are, and whether a request keeps to them.

Only names, types and required flags; limits and meaning are checked by the server in `bot_api.py`.
"""

import gzip
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any


class SchemaError(Exception):
    """A request or value that the Bot API does not know; the text names the place."""


@dataclass(frozen=True)
class Upload:
    """A file that came as a part of a multipart body."""

    filename: str
    content: bytes


class Schema:
    """The methods and types of one version of the Bot API."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.version: str = raw["version"]
        self._methods: dict[str, dict[str, list[Any]]] = raw["methods"]
        self._types: dict[str, dict[str, Any]] = raw["types"]
        self._by_lower = {name.lower(): name for name in self._methods}

    @classmethod
    @cache
    def load(cls) -> "Schema":
        """Load the schema that lies beside this file, once."""
        path = Path(__file__).with_name("bot_api_schema.json.gz")
        return cls(json.loads(gzip.decompress(path.read_bytes())))

    def method(self, name: str) -> str:
        """Give the method's own spelling: Telegram's server ignores letter case."""
        try:
            return self._by_lower[name.lower()]
        except KeyError:
            raise SchemaError(f"unknown method {name!r}") from None

    def read(self, method: str, fields: dict[str, str], files: dict[str, Upload]) -> dict[str, Any]:
        """Turn the texts of a form into typed parameters; raises SchemaError for anything that is not in the schema."""
        known = self._methods[method]
        attached = {f"attach://{name}" for name in files}
        parameters: dict[str, Any] = {}
        for name, text in fields.items():
            if name not in known:
                raise SchemaError(f"{method}: unknown parameter {name!r}")
            parameters[name] = self._read(text, known[name][0], f"{method}.{name}")
        for name, file in files.items():
            if name in known:
                if not any("InputFile" in kind for kind in known[name][0]):
                    raise SchemaError(f"{method}.{name}: no file is expected here")
                parameters[name] = file
            elif not any(f"attach://{name}" in text for text in fields.values()):
                raise SchemaError(f"{method}: file {name!r} belongs to no parameter of {sorted(attached)}")
        missing = [name for name, (_, required) in known.items() if required and name not in parameters]
        if missing:
            raise SchemaError(f"{method}: missing {missing}")
        return parameters

    def check(self, value: Any, kind: str, place: str) -> None:
        """Check a JSON value against a type of the schema; raises SchemaError."""
        if kind.startswith("Array of "):
            if not isinstance(value, list):
                raise SchemaError(f"{place}: an array is expected")
            for index, item in enumerate(value):
                self.check(item, kind.removeprefix("Array of "), f"{place}[{index}]")
        elif kind in _PLAIN:
            if not isinstance(value, _PLAIN[kind]) or (isinstance(value, bool) and kind != "Boolean"):
                raise SchemaError(f"{place}: {kind} is expected, not {value!r}")
        elif kind == "InputFile":
            if not isinstance(value, (str, Upload)):
                raise SchemaError(f"{place}: a file is expected")
        else:
            self._check_object(value, kind, place)

    def build(self, kind: str, **given: Any) -> dict[str, Any]:
        """Make a value of a type: required fields that are not given become False, 0, empty texts and lists."""
        fields = self._types[kind]["fields"]
        value = dict(given)
        for name, (kinds, required) in fields.items():
            if required and name not in value:
                value[name] = self._empty(kinds[0])
        self.check(value, kind, kind)
        return value

    def _empty(self, kind: str) -> Any:
        if kind.startswith("Array of "):
            return []
        if kind in _PLAIN:
            return {"Boolean": False, "Integer": 0, "Float": 0.0, "String": ""}[kind]
        return self.build(kind)

    def _check_object(self, value: Any, kind: str, place: str) -> None:
        definition = self._types[kind]
        if "subtypes" in definition:
            self._check_any(value, definition["subtypes"], place)
            return
        if not isinstance(value, dict):
            raise SchemaError(f"{place}: {kind} is expected")
        fields = definition["fields"]
        for name, item in value.items():
            if name not in fields:
                raise SchemaError(f"{place}: {kind} has no field {name!r}")
            self._check_any(item, fields[name][0], f"{place}.{name}")
        missing = [name for name, (_, required) in fields.items() if required and name not in value]
        if missing:
            raise SchemaError(f"{place}: {kind} lacks {missing}")

    def _check_any(self, value: Any, kinds: list[str], place: str) -> None:
        faults = []
        for kind in kinds:
            try:
                self.check(value, kind, place)
            except SchemaError as error:
                faults.append(str(error))
            else:
                return
        raise SchemaError(" / ".join(faults))

    def _read(self, text: str, kinds: list[str], place: str) -> Any:
        faults = []
        for kind in kinds:
            try:
                return self._read_as(text, kind, place)
            except (SchemaError, ValueError) as error:
                faults.append(f"{kind}: {error}")
        raise SchemaError(f"{place}: {'; '.join(faults)}")

    def _read_as(self, text: str, kind: str, place: str) -> Any:
        if kind in {"String", "InputFile"}:
            return text
        if kind == "Integer":
            return int(text)
        value = json.loads(text)
        self.check(value, kind, place)
        return value


_PLAIN: dict[str, Any] = {"Boolean": bool, "Integer": int, "Float": (int, float), "String": str}
