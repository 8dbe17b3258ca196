"""What changed on a list of restricted parties between two days, told as articles. Pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain import derive_id
from bot.ingest.items import Item, NotAFeedError, Parsed

NAMED_IN_TITLE = 3
NAMED_IN_TEXT = 60
NAME_CHARS = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """One entry: `number` identifies it within its list."""

    number: str
    name: str
    listing: str  # the list's name
    url: str = ""


def tell_changes(
    parties: Sequence[Party], before: Mapping[str, str], *, issuer: str, home: str, at: datetime
) -> Parsed:
    """Compare today's parties with the remembered ones; one article a list and direction, however many parties.

    The state is `{"parties": {key: "list|name"}}`. The first reading only remembers. A list that lost more than half of
    its entries is taken for a broken download: raises NotAFeedError.
    """
    today = {_key(party): f"{party.listing}|{party.name[:NAME_CHARS]}" for party in parties}
    if not today:
        raise NotAFeedError("the list is empty")
    if before and len(today) * 2 < len(before):
        raise NotAFeedError(f"the list has {len(today)} entries, less than half of the {len(before)} it had before")
    items: list[Item] = []
    if before:
        links = {_key(party): party.url for party in parties if party.url}
        gone = [key for key in before if key not in today]
        came = [key for key in today if key not in before]
        items += _told(came, today, links, verb="adds", word="to", issuer=issuer, home=home, at=at)
        items += _told(gone, before, links, verb="removes", word="from", issuer=issuer, home=home, at=at)
    return Parsed(items=tuple(items), state={"parties": today}, title=issuer, lang="en", total=len(today))


def _told(
    keys: Sequence[str],
    entries: Mapping[str, str],
    links: Mapping[str, str],
    *,
    verb: str,
    word: str,
    issuer: str,
    home: str,
    at: datetime,
) -> list[Item]:
    by_list: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for key in keys:
        listing, _, name = entries[key].partition("|")
        by_list[listing].append((name, links.get(key, "")))
    items: list[Item] = []
    for listing, named in sorted(by_list.items()):
        names = [name for name, _ in named]
        count = "one party" if len(names) == 1 else f"{len(names)} parties"
        rest = len(names) - NAMED_IN_TEXT
        items.append(
            Item(
                title=f"{issuer} {verb} {count} {word} the {listing}: {_listed(names)}",
                summary=(
                    f"{issuer} {verb} {count} {word} the {listing}. Names: {'; '.join(names[:NAMED_IN_TEXT])}"
                    + (f"; and {rest} more." if rest > 0 else ".")
                ),
                url=next((url for _, url in named if url), home),
                published_at=at,
                lang="en",
                identity=f"{verb}:{listing}:{derive_id(*sorted(names))}",
            )
        )
    return items


def _listed(names: Sequence[str]) -> str:
    if len(names) <= NAMED_IN_TITLE:
        return ", ".join(names)
    return f"{', '.join(names[:NAMED_IN_TITLE])} and {len(names) - NAMED_IN_TITLE} more"


def _key(party: Party) -> str:
    return derive_id(party.listing, party.number)[:12]
