"""Documents on public inspection at the Federal Register, hours to days before they are published. Pure."""

from typing import Any

from bot.domain import Source
from bot.ingest.items import NotAFeedError, Parsed
from bot.ingest.kind import Answer, Kind, State, ask_url, words
from bot.ingest.kinds.federal_register import document
from bot.ingest.kinds.json_feed import load_json


def parse(source: Source, answer: Answer, state: State) -> Parsed:
    """Read `public-inspection-documents/current.json`; the option `agencies` keeps documents of these slugs only."""
    del state
    found = load_json(answer.body)
    results = found.get("results") if isinstance(found, dict) else None
    if not isinstance(results, list):
        raise NotAFeedError("the answer is not the list of documents on public inspection")
    wanted = frozenset(words(source.options.get("agencies")))
    chosen = [one for one in results if isinstance(one, dict) and (not wanted or wanted & _slugs(one))]
    items = [item for one in chosen if (item := document(one, answer.url, on_file=True))]
    return Parsed(items=tuple(items), title="Federal Register public inspection", lang="en", total=len(results))


def _slugs(values: "dict[str, Any]") -> frozenset[str]:
    agencies = values.get("agencies")
    if not isinstance(agencies, list):
        return frozenset()
    return frozenset(str(one.get("slug") or "") for one in agencies if isinstance(one, dict))


KIND = Kind(request=ask_url, parse=parse)
