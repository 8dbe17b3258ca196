"""Earthquakes of the US Geological Survey (GeoJSON), as triggers for stopped production. Pure."""

from typing import Any

from bot.domain import Source
from bot.ingest.cleaning import link, plain
from bot.ingest.dates import from_epoch
from bot.ingest.items import Item, NotAFeedError, Parsed
from bot.ingest.kind import Answer, Kind, State, ask_url
from bot.ingest.kinds.json_feed import load_json
from bot.ingest.places import region_at

STRONG = 6.0  # magnitude from which fabs and ports in the region stop to look for damage


def parse(source: Source, answer: Answer, state: State) -> Parsed:
    """Keep earthquakes of the option `magnitude` (6.0) or more in a region that makes or ships what matters."""
    del state
    found = load_json(answer.body)
    features = found.get("features") if isinstance(found, dict) else None
    if not isinstance(features, list):
        raise NotAFeedError("the answer is not GeoJSON with features")
    least = source.options.get("magnitude", STRONG)
    threshold = float(least) if isinstance(least, int | float) else STRONG
    items = [item for one in features if isinstance(one, dict) and (item := _item(one, answer.url, threshold))]
    return Parsed(items=tuple(items), title="USGS earthquakes", lang="en", total=len(features))


def _item(feature: "dict[str, Any]", page_url: str, threshold: float) -> Item | None:
    properties, geometry = feature.get("properties"), feature.get("geometry")
    if not isinstance(properties, dict) or not isinstance(geometry, dict) or properties.get("type") != "earthquake":
        return None
    magnitude, point = properties.get("mag"), geometry.get("coordinates")
    if not isinstance(magnitude, int | float) or not isinstance(point, list) or len(point) < 2 or magnitude < threshold:
        return None
    if not all(isinstance(value, int | float) for value in point[:2]):
        return None
    region = region_at(float(point[1]), float(point[0]))
    if region is None:
        return None
    place = plain(str(properties.get("place") or region.name), 120)
    depth = f" at a depth of {point[2]:.0f} km" if len(point) > 2 and isinstance(point[2], int | float) else ""
    alert = f" USGS impact alert: {properties['alert']}." if properties.get("alert") else ""
    tsunami = " A tsunami message was issued." if properties.get("tsunami") == 1 else ""
    return Item(
        title=f"Magnitude {magnitude:.1f} earthquake {place}: production may halt at {region.makes} in {region.name}",
        summary=(
            f"The USGS reports an earthquake of magnitude {magnitude:.1f}{depth}, {place}.{alert}{tsunami} "
            f"{region.makes[0].upper()}{region.makes[1:]} in {region.name} may be halted for inspection; no damage is "
            "confirmed by this report."
        ),
        url=link(str(properties.get("url") or ""), page_url),
        guid=str(feature.get("id") or ""),
        published_at=from_epoch(properties.get("time")),
        lang="en",
        identity=f"usgs:{feature.get('id')}",
    )


KIND = Kind(request=ask_url, parse=parse)
