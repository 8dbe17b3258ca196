"""The kinds of sources: one module each, registered here by one line."""

from collections.abc import Mapping
from types import MappingProxyType

from bot.domain import SourceKind
from bot.ingest.kind import Kind
from bot.ingest.kinds import (
    eur_lex,
    federal_register,
    feed,
    gdacs,
    gdelt,
    gov_uk,
    govdelivery,
    json_feed,
    mofcom,
    press_corner,
    public_inspection,
    screening_list,
    sdn_list,
    usgs,
)

KINDS: Mapping[SourceKind, Kind] = MappingProxyType(
    {
        SourceKind.FEED: feed.KIND,
        SourceKind.JSON_FEED: json_feed.KIND,
        SourceKind.FEDERAL_REGISTER: federal_register.KIND,
        SourceKind.PUBLIC_INSPECTION: public_inspection.KIND,
        SourceKind.GOVDELIVERY: govdelivery.KIND,
        SourceKind.GOV_UK: gov_uk.KIND,
        SourceKind.EUR_LEX: eur_lex.KIND,
        SourceKind.PRESS_CORNER: press_corner.KIND,
        SourceKind.MOFCOM: mofcom.KIND,
        SourceKind.GDELT: gdelt.KIND,
        SourceKind.USGS: usgs.KIND,
        SourceKind.GDACS: gdacs.KIND,
        SourceKind.SCREENING_LIST: screening_list.KIND,
        SourceKind.SDN_LIST: sdn_list.KIND,
    }
)
