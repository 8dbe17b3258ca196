"""The labels: 13 topics, four directions, nine stages, and the families of hard negatives. Pure."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

TOPICS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "export_control": "Export controls",
        "entity_listing": "Entity listings",
        "sanctions": "Sanctions",
        "tariff_trade_measure": "Tariffs and trade measures",
        "critical_minerals": "Critical minerals",
        "investment_screening": "Investment screening",
        "tech_transfer": "Technology transfer",
        "logistics_disruption": "Logistics disruption",
        "production_disruption": "Production disruption",
        "shortage_price": "Shortage or price shock",
        "sourcing_shift": "Sourcing shift",
        "enforcement": "Enforcement",
        "trade_deal": "Trade deals and talks",
    }
)
"""Topic id to title, in the order in which the model's columns stand."""

DIRECTIONS: Final = ("tightening", "easing", "mixed", "unclear")
"""Which way a change moves; a disruption that worsens is tightening."""

STAGES: Final = (
    "rumour",
    "proposal",
    "announced",
    "in_force",
    "enforcement",
    "suspended",
    "reversed",
    "expired",
    "none",
)
"""How far a measure has come; `none` is for disruptions and talks."""

KINDS: Final = (
    "wire",
    "newspaper",
    "trade_press",
    "regional",
    "official",
    "press_release",
    "law_firm",
    "blog",
    "newsletter",
    "social",
)
"""What kind of source a corpus example imitates."""

FAMILIES: Final = (
    "sport_sanction",
    "academic_court_sanction",
    "software_supply_chain",
    "software_list_export",
    "food_chip_misc",
    "strike_other",
    "tariff_retail",
    "stock_market",
    "earnings_boilerplate",
    "job_advert",
    "explainer_history",
    "opinion",
    "promo_event",
    "trade_statistics",
    "product_launch",
    "personality_politics",
    "forecast_analysis",
    "anniversary_roundup",
    "routine_official",
    "war_no_trade",
    "corporate_other",
    "consumer_deals",
    "crime_other",
    "energy_utility",
    "local_weather_traffic",
    "lifestyle_culture",
    "science_tech_general",
    "homonym",
    "finance_macro",
    "health_general",
)
"""Families of hard negatives: items that use the words of the subject and report no change."""
