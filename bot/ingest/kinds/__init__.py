"""The kinds of sources: one module each, registered here by one line."""

from collections.abc import Mapping
from types import MappingProxyType

from bot.domain import SourceKind
from bot.ingest.kind import Kind
from bot.ingest.kinds import eur_lex, federal_register, feed, gov_uk, govdelivery, json_feed, press_corner

KINDS: Mapping[SourceKind, Kind] = MappingProxyType(
    {
        SourceKind.FEED: feed.KIND,
        SourceKind.JSON_FEED: json_feed.KIND,
        SourceKind.FEDERAL_REGISTER: federal_register.KIND,
        SourceKind.GOVDELIVERY: govdelivery.KIND,
        SourceKind.GOV_UK: gov_uk.KIND,
        SourceKind.EUR_LEX: eur_lex.KIND,
        SourceKind.PRESS_CORNER: press_corner.KIND,
    }
)
