"""Where the world's chips, minerals, energy and trade are concentrated, so that a disaster there is news here. Pure.

Coarse boxes on purpose: they only decide whether an alert is worth reading, and what to name in its headline.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A box in degrees, the countries it stands for, and what is made or shipped there."""

    name: str
    south: float
    north: float
    west: float
    east: float
    countries: tuple[str, ...]
    makes: str


REGIONS: tuple[Region, ...] = (
    Region(
        name="Taiwan",
        south=21.5,
        north=26.0,
        west=119.0,
        east=123.0,
        countries=("Taiwan",),
        makes="semiconductor plants",
    ),
    Region(
        name="Japan",
        south=30.0,
        north=45.8,
        west=128.5,
        east=146.5,
        countries=("Japan",),
        makes="semiconductor, materials and car plants",
    ),
    Region(
        name="South Korea",
        south=33.0,
        north=38.7,
        west=125.0,
        east=130.5,
        countries=("South Korea", "Korea"),
        makes="memory chip and battery plants",
    ),
    Region(
        name="China",
        south=18.0,
        north=42.0,
        west=97.0,
        east=124.0,
        countries=("China",),
        makes="factories, mines and ports",
    ),
    Region(
        name="the Philippines",
        south=5.0,
        north=19.5,
        west=117.0,
        east=127.0,
        countries=("Philippines",),
        makes="electronics plants and nickel mines",
    ),
    Region(
        name="Malaysia and Singapore",
        south=0.9,
        north=7.0,
        west=99.5,
        east=105.0,
        countries=("Malaysia", "Singapore"),
        makes="chip packaging plants and ports",
    ),
    Region(
        name="Thailand and Vietnam",
        south=8.0,
        north=23.5,
        west=97.5,
        east=109.7,
        countries=("Thailand", "Vietnam", "Viet Nam"),
        makes="electronics and disk drive plants",
    ),
    Region(
        name="Indonesia",
        south=-11.0,
        north=5.9,
        west=95.0,
        east=141.0,
        countries=("Indonesia",),
        makes="nickel, tin and copper mines",
    ),
    Region(
        name="India", south=8.0, north=33.0, west=68.0, east=90.0, countries=("India",), makes="factories and ports"
    ),
    Region(
        name="Chile and Peru",
        south=-40.0,
        north=-8.0,
        west=-78.0,
        east=-67.0,
        countries=("Chile", "Peru"),
        makes="copper and lithium mines",
    ),
    Region(
        name="Mexico",
        south=15.5,
        north=32.7,
        west=-117.2,
        east=-92.0,
        countries=("Mexico",),
        makes="car and electronics plants",
    ),
    Region(
        name="the western United States",
        south=32.5,
        north=49.0,
        west=-125.0,
        east=-111.0,
        countries=("United States", "United States of America"),
        makes="chip plants and ports",
    ),
    Region(
        name="the Gulf coast of the United States",
        south=25.8,
        north=33.0,
        west=-100.0,
        east=-81.5,
        countries=("United States", "United States of America"),
        makes="refineries, chemical and chip plants",
    ),
    Region(
        name="Panama", south=7.0, north=9.8, west=-83.1, east=-77.1, countries=("Panama",), makes="the Panama Canal"
    ),
    Region(
        name="Türkiye",
        south=35.8,
        north=42.1,
        west=26.0,
        east=44.8,
        countries=("Turkey", "Türkiye", "Turkiye"),
        makes="steel plants, ports and the straits",
    ),
    Region(
        name="the Democratic Republic of the Congo and Zambia",
        south=-18.0,
        north=-4.0,
        west=21.0,
        east=34.0,
        countries=("Democratic Republic of Congo", "Democratic Republic of the Congo", "Zambia"),
        makes="cobalt and copper mines",
    ),
)


def region_at(latitude: float, longitude: float) -> Region | None:
    """Give the first region whose box holds the point."""
    return next(
        (one for one in REGIONS if one.south <= latitude <= one.north and one.west <= longitude <= one.east), None
    )


def region_of(countries: str) -> Region | None:
    """Give the first region with a country that is named in a comma-separated list."""
    named = {country.strip().casefold() for country in countries.split(",")}
    return next((one for one in REGIONS if named & {country.casefold() for country in one.countries}), None)
