"""Find a time zone by city, country, offset or place on the map. Pure but for the zone table of the tzdata package."""

import math
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

# Cities that name no zone of their own, where our users are most likely to sit.
_CITIES = {
    "Europe/Berlin": "munich münchen muenchen hamburg frankfurt cologne köln koeln stuttgart düsseldorf dresden "
    "leipzig bonn nuremberg hannover bremen",
    "Europe/Zurich": "geneva genf basel bern lausanne zürich zuerich lugano",
    "Europe/Vienna": "wien graz linz salzburg innsbruck",
    "Europe/Paris": "lyon marseille toulouse strasbourg lille bordeaux nice",
    "Europe/Rome": "milan milano turin torino naples napoli genoa bologna rom",
    "Europe/Madrid": "barcelona valencia seville bilbao",
    "Europe/Amsterdam": "rotterdam eindhoven veldhoven utrecht hague delft",
    "Europe/Brussels": "antwerp antwerpen ghent leuven liège brüssel bruxelles",
    "Europe/Warsaw": "krakow kraków gdansk wroclaw poznan warschau",
    "Europe/Prague": "brno ostrava prag",
    "Europe/Copenhagen": "aarhus odense kopenhagen",
    "Europe/Stockholm": "gothenburg malmö uppsala",
    "Europe/London": "manchester birmingham edinburgh glasgow leeds bristol cambridge oxford cardiff",
    "Europe/Lisbon": "porto lissabon",
    "Europe/Athens": "thessaloniki piraeus athen",
    "Europe/Istanbul": "ankara izmir bursa",
    "Europe/Kyiv": "kiev lviv odesa kharkiv",
    "Europe/Moscow": "petersburg moskau",
    "America/New_York": "washington boston philadelphia atlanta miami baltimore pittsburgh charlotte albany manhattan "
    "brooklyn cleveland columbus raleigh",
    "America/Chicago": "houston dallas austin minneapolis milwaukee memphis nashville louis kansas oklahoma antonio",
    "America/Denver": "salt lake albuquerque colorado",
    "America/Phoenix": "tucson scottsdale tempe chandler",
    "America/Los_Angeles": "francisco jose diego seattle portland vegas sacramento oakland cupertino santa clara "
    "palo alto silicon valley",
    "America/Toronto": "ottawa montreal quebec hamilton",
    "America/Edmonton": "calgary",
    "America/Mexico_City": "guadalajara puebla",
    "America/Sao_Paulo": "rio janeiro brasilia curitiba",
    "America/Argentina/Buenos_Aires": "cordoba rosario",
    "America/Santiago": "valparaiso antofagasta",
    "America/Lima": "callao",
    "Asia/Shanghai": "beijing peking shenzhen guangzhou canton chengdu wuhan hangzhou nanjing tianjin suzhou xi'an "
    "chongqing dalian qingdao xiamen ningbo 北京 上海 深圳 广州 中国",
    "Asia/Taipei": "hsinchu kaohsiung taichung tainan 台北 新竹",
    "Asia/Tokyo": "osaka yokohama nagoya kyoto fukuoka kumamoto sapporo tokio 東京 日本",
    "Asia/Seoul": "busan incheon daejeon pyeongtaek icheon suwon 서울",
    "Asia/Kolkata": "mumbai bombay delhi bangalore bengaluru chennai madras hyderabad pune ahmedabad gujarat dholera",
    "Asia/Ho_Chi_Minh": "hanoi saigon haiphong danang vietnam",
    "Asia/Kuala_Lumpur": "penang johor",
    "Asia/Jakarta": "bandung surabaya",
    "Asia/Manila": "cebu quezon",
    "Asia/Dubai": "abu dhabi sharjah",
    "Asia/Riyadh": "jeddah dammam",
    "Asia/Jerusalem": "tel aviv haifa",
    "Asia/Bangkok": "chonburi rayong phuket",
    "Asia/Singapore": "singapur 新加坡",
    "Asia/Hong_Kong": "hongkong kowloon 香港",
    "Australia/Sydney": "canberra newcastle wollongong",
    "Australia/Perth": "fremantle kalgoorlie",
    "Africa/Johannesburg": "cape town durban pretoria kapstadt",
    "Africa/Lubumbashi": "kolwezi likasi",
    "Africa/Cairo": "alexandria suez kairo",
    "Pacific/Auckland": "wellington christchurch",
}
_BY_LANGUAGE = {
    "de": "Europe/Berlin",
    "fr": "Europe/Paris",
    "it": "Europe/Rome",
    "es": "Europe/Madrid",
    "nl": "Europe/Amsterdam",
    "pl": "Europe/Warsaw",
    "cs": "Europe/Prague",
    "sv": "Europe/Stockholm",
    "da": "Europe/Copenhagen",
    "fi": "Europe/Helsinki",
    "tr": "Europe/Istanbul",
    "uk": "Europe/Kyiv",
    "ru": "Europe/Moscow",
    "zh": "Asia/Shanghai",
    "ja": "Asia/Tokyo",
    "ko": "Asia/Seoul",
    "vi": "Asia/Ho_Chi_Minh",
    "th": "Asia/Bangkok",
    "id": "Asia/Jakarta",
    "he": "Asia/Jerusalem",
    "en-gb": "Europe/London",
    "en-us": "America/New_York",
    "zh-tw": "Asia/Taipei",
    "zh-hant": "Asia/Taipei",
    "pt-br": "America/Sao_Paulo",
    "pt": "Europe/Lisbon",
}
_OFFSET = re.compile(r"(?:utc|gmt)?\s*([+-])\s*(\d{1,2})(?::?([0-5]\d))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A zone of the table: its name, the countries it serves, and where its main city lies, in degrees."""

    name: str
    country: str
    latitude: float
    longitude: float


def guess_zone(lang: str) -> str | None:
    """Guess a zone from the language of somebody's app; None where the language is spoken around the world."""
    code = lang.lower().replace("_", "-")
    return _BY_LANGUAGE.get(code) or _BY_LANGUAGE.get(code.partition("-")[0])


def find_zones(text: str, *, now: datetime, limit: int = 6) -> list[str]:
    """Give the zones that a text may mean, the best first: a zone's name, a city, or an offset such as UTC+2."""
    wanted = _plain(text[:100])
    if not wanted:
        return []
    offset = _OFFSET.fullmatch(text.strip())
    if offset is not None:
        sign = 1 if offset[1] == "+" else -1
        return _at_offset(sign * (int(offset[2]) * 60 + int(offset[3] or 0)), now)[:limit]
    exact, begun, inside = [], [], []
    for name, whole, city in _named():
        if wanted in {whole, city}:
            exact.append(name)
        elif len(wanted) >= 3 and city.startswith(wanted):
            begun.append(name)
        elif len(wanted) >= 4 and wanted in whole:
            inside.append(name)
    aliases = [name for name, cities in _aliases().items() if _heard(wanted, cities)]
    found = list(dict.fromkeys([*exact, *aliases, *begun, *inside]))
    if not found:
        from difflib import get_close_matches  # noqa: PLC0415 - for misspelt names only

        by_city = {city: name for name, _, city in _named()}
        found = [by_city[close] for close in get_close_matches(wanted, list(by_city), n=3, cutoff=0.75)]
    return [name for name in found if known_zone(name)][:limit]


def nearest_zone(latitude: float, longitude: float) -> str:
    """Give the zone whose main city lies nearest: near borders a guess, which the user confirms."""

    def distance(zone: Zone) -> float:
        one, two = math.radians(latitude), math.radians(zone.latitude)
        apart = math.radians(zone.longitude - longitude)
        return -(math.sin(one) * math.sin(two) + math.cos(one) * math.cos(two) * math.cos(apart))

    return min(zone_table(), key=distance).name


def known_zone(name: str) -> bool:
    """Tell whether the tz database has a zone of that name."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


@cache
def zone_table() -> tuple[Zone, ...]:
    """Read the zones with their places from the tz database's `zone.tab`."""
    text = (files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8")
    entries = [row.split("\t") for row in text.splitlines() if row and not row.startswith("#")]
    return tuple(
        Zone(name=entry[2], country=entry[0], latitude=place[0], longitude=place[1])
        for entry in entries
        if (place := _degrees(entry[1])) is not None
    )


@cache
def _named() -> tuple[tuple[str, str, str], ...]:
    """Give each zone with its whole name and its city, as they are compared."""
    names = ["UTC", *(zone.name for zone in zone_table())]
    return tuple((name, _plain(name), _plain(name.rpartition("/")[2])) for name in names)


@cache
def _aliases() -> dict[str, str]:
    return {name: _plain(cities) for name, cities in _CITIES.items()}


def _degrees(text: str) -> tuple[float, float] | None:
    """Read ±DDMM±DDDMM or ±DDMMSS±DDDMMSS (ISO 6709)."""
    found = re.fullmatch(r"([+-])(\d{2})(\d{2})(\d{2})?([+-])(\d{3})(\d{2})(\d{2})?", text)
    if found is None:
        return None
    sign, degrees, minutes, seconds, sign2, degrees2, minutes2, seconds2 = found.groups()
    north = int(degrees) + int(minutes) / 60 + int(seconds or 0) / 3600
    east = int(degrees2) + int(minutes2) / 60 + int(seconds2 or 0) / 3600
    return (-north if sign == "-" else north), (-east if sign2 == "-" else east)


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(character for character in folded if not unicodedata.combining(character))
    return " ".join(re.sub(r"[^\w\s+:/']|_", " ", kept).split())


def _heard(wanted: str, cities: str) -> bool:
    """Tell whether all that was said, or its most telling word, is among the cities."""
    known = f" {cities} "
    return f" {wanted} " in known or any(f" {word} " in known for word in wanted.split() if len(word) >= 5)


def _at_offset(minutes: int, now: datetime) -> list[str]:
    preferred = [*dict.fromkeys(_BY_LANGUAGE.values()), *_CITIES, *(zone.name for zone in zone_table())]
    found = []
    for name in dict.fromkeys(preferred):
        offset = now.astimezone(ZoneInfo(name)).utcoffset() if known_zone(name) else None
        if offset is not None and offset.total_seconds() == minutes * 60:
            found.append(name)
    return found
