"""Read the catalog of sources: the shipped `sources.yaml` or an operator's file of the same form."""

from datetime import timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from bot.domain import Source, SourceKind
from bot.errors import ConfigurationError, Fault
from bot.ingest.addresses import AddressGuard
from bot.ingest.references import REMEDY as USE_REFERENCE
from bot.ingest.references import has_reference, literal_header, literal_secret, malformed, misplaced
from bot.redaction import redact

try:
    from yaml import CSafeLoader as Safe  # ten times faster, where it was built
except ImportError:
    from yaml import SafeLoader as Safe  # type: ignore[assignment]

MAX_BYTES = 256 * 1024
MAX_DEPTH = 8
REMEDY = "docs/sources.md describes the fields"
KNOWN_BY = frozenset({"live_checked", "seen_in_code", "memory", "user"})
REQUIRED = frozenset({"id", "name", "url", "kind", "tier", "publisher"})
OPTIONAL = frozenset({"lang", "poll_minutes", "fetch_pages", "known_by", "licence", "enabled", "headers", "options"})
TYPES: dict[str, type | tuple[type, ...]] = {
    "tier": int,
    "poll_minutes": (int, float),
    "fetch_pages": bool,
    "enabled": bool,
    "headers": dict,
    "options": dict,
}


def load_catalog(path: Path | None = None) -> tuple[Source, ...]:
    """Read the shipped catalog, or the file at `path`.

    Raises ConfigurationError with all faults at once, each with its file and line. A source with `enabled: false` has
    that in its `options`.
    """
    if path is None:
        with resources.as_file(resources.files("bot.ingest") / "sources.yaml") as shipped:
            return parse_catalog(_read(shipped), "sources.yaml")
    return parse_catalog(_read(path), str(path))


def parse_catalog(text: str, name: str) -> tuple[Source, ...]:
    """Read a catalog from its text; `name` is what faults call it."""
    try:
        _refuse_what_explodes(text)
        entries = yaml.load(text, Loader=_LinedLoader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        deep = "nesting depth" in (error.problem or "")  # the C parser's own limit, met before we are asked
        raise _refused(f"{name}:{line}", "nested too deeply" if deep else error.problem or "not YAML") from None
    except (yaml.YAMLError, ValueError) as error:
        raise _refused(name, f"not YAML ({error})") from None
    if not isinstance(entries, list) or not entries:
        raise _refused(name, "not a list of sources")
    faults: list[Fault] = []
    sources: dict[str, Source] = {}
    for entry in entries:
        place = f"{name}:{entry.get('__line__')}" if isinstance(entry, dict) else name
        problems = _problems(entry)
        if not problems and entry["id"] in sources:
            problems = [f"the id {entry['id']!r} is used twice"]
        unsafe = [] if problems else _unsafe_values(entry)
        faults += [Fault(place=place, problem=problem, remedy=REMEDY) for problem in problems]
        faults += [Fault(place=place, problem=problem, remedy=f"{USE_REFERENCE} ({REMEDY})") for problem in unsafe]
        if not problems and not unsafe:
            sources[entry["id"]] = _source(entry)
    if faults:
        raise ConfigurationError(faults)
    return tuple(sources.values())


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise _refused(str(path), f"larger than {MAX_BYTES // 1024} KiB")
        return path.read_text("utf-8")
    except OSError as error:
        raise _refused(str(path), f"cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise _refused(str(path), "not UTF-8 text") from None


def _refused(place: str, problem: str) -> ConfigurationError:
    return ConfigurationError([Fault(place=place, problem=problem, remedy=REMEDY)])


def _problems(entry: Any) -> list[str]:
    if not isinstance(entry, dict):
        return [f"not a source: {redact(str(entry))[:60]!r}"]
    names = {str(name) for name in entry} - {"__line__"}
    found = [f"unknown field {name!r}" for name in sorted(names - REQUIRED - OPTIONAL)]
    found += [f"field {name!r} is missing" for name in sorted(REQUIRED - names)]
    for name in sorted(names & (REQUIRED | OPTIONAL)):
        wanted = TYPES.get(name, str)
        value = entry[name]
        if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
            found.append(f"{name}: {redact(repr(value))} has the wrong type")
        elif isinstance(value, str) and not value.strip():
            found.append(f"{name}: empty")
    return found or _bad_values(entry)


def _bad_values(entry: dict[str, Any]) -> list[str]:
    kinds = [kind.value for kind in SourceKind]
    refused = AddressGuard(allowed_ports=range(1, 65536)).refuse_url(entry["url"])
    checks = {
        f"id: {entry['id']!r} may hold small letters, digits and hyphens, 64 at most": (
            not entry["id"].replace("-", "").isalnum() or entry["id"].lower() != entry["id"] or len(entry["id"]) > 64
        ),
        f"url: {refused}": refused is not None,
        f"kind: {entry['kind']!r} is none of {', '.join(kinds)}": entry["kind"] not in kinds,
        f"tier: {entry['tier']} is not 1 to 5": not 1 <= entry["tier"] <= 5,
        "poll_minutes: not 1 to 1440": not 1 <= entry.get("poll_minutes", 15) <= 1440,
        f"known_by: none of {', '.join(sorted(KNOWN_BY))}": entry.get("known_by", "user") not in KNOWN_BY,
    }
    return [problem for problem, wrong in checks.items() if wrong]


def _unsafe_values(entry: dict[str, Any]) -> list[str]:
    """Find secrets in the clear, and references where none is resolved."""
    url, headers = entry["url"], _without_line(entry.get("headers", {}))
    found = [f"url: {why}" for why in (malformed(url) or misplaced(url), literal_secret(url)) if why]
    for name, value in headers.items():
        if not isinstance(name, str) or not isinstance(value, str):
            found.append("headers: names and values are texts; put them in quotes")
        elif why := literal_header(name, value):
            found.append(why)
    rest = {name: value for name, value in entry.items() if name not in {"url", "headers", "__line__"}}
    found += [f"{name}: only url and headers may refer to a secret" for name in rest if has_reference(repr(rest[name]))]
    if "headers" in _without_line(entry.get("options", {})):
        found.append("options: headers stand beside the options, not in them")
    return found


def _without_line(mapping: dict[Any, Any]) -> dict[Any, Any]:
    return {name: value for name, value in mapping.items() if name != "__line__"}


def _source(entry: dict[str, Any]) -> Source:
    options = _without_line(entry.get("options", {}))
    if headers := _without_line(entry.get("headers", {})):
        options["headers"] = headers
    if entry.get("enabled") is False:
        options["enabled"] = False
    return Source(
        id=entry["id"],
        name=entry["name"],
        url=entry["url"],
        kind=SourceKind(entry["kind"]),
        tier=entry["tier"],
        publisher=entry["publisher"],
        lang=entry.get("lang", "en"),
        poll_every=timedelta(minutes=entry.get("poll_minutes", 15)),
        fetch_pages=entry.get("fetch_pages", False),
        known_by=entry.get("known_by", "user"),
        licence=entry.get("licence", ""),
        options=options,
    )


def _refuse_what_explodes(text: str) -> None:
    """Raise yaml.MarkedYAMLError at an alias or deep nesting, before anything is built of them."""
    depth = 0
    for event in yaml.parse(text, Loader=Safe):
        mark: Any = event.start_mark
        if isinstance(event, yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="aliases are not allowed", problem_mark=mark)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise yaml.MarkedYAMLError(problem="nested too deeply", problem_mark=mark)


class _LinedLoader(Safe):
    """YAML whose mappings know their line."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        mapping: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        mapping["__line__"] = node.start_mark.line + 1
        return mapping

    def construct_yaml_map(self, node: yaml.MappingNode) -> Any:
        mapping: dict[Any, Any] = {}
        yield mapping
        mapping.update(self.construct_mapping(node, deep=True))


_LinedLoader.add_constructor("tag:yaml.org,2002:map", _LinedLoader.construct_yaml_map)
