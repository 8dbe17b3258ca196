"""The words of the interface in the chat's language: gettext catalogs in `locales/<lang>/LC_MESSAGES/straitwatch.po`.

English texts are the keys. `pybabel extract -k t -k n:1,2 -k N_ -o messages.pot bot/telegram bot/alerting` finds them,
`pybabel update` carries them into the catalogs, and `pybabel compile -D straitwatch -d bot/telegram/locales` makes the
`.mo` files that are read here; a test fails while one of them is behind.
"""

from datetime import date
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files

from bot.domain import Direction, Severity, Stage, Topic

LANGUAGES = {"en": "English", "de": "Deutsch"}


def N_(text: str) -> str:  # noqa: N802 - the name that gettext's tools know
    """Mark a text for the catalogs without translating it yet."""
    return text


_MONTHS = (
    N_("Jan"),
    N_("Feb"),
    N_("Mar"),
    N_("Apr"),
    N_("May"),
    N_("Jun"),
    N_("Jul"),
    N_("Aug"),
    N_("Sep"),
    N_("Oct"),
    N_("Nov"),
    N_("Dec"),
)
DIRECTIONS = {
    Direction.TIGHTENING: N_("Tightening"),
    Direction.EASING: N_("Easing"),
    Direction.MIXED: N_("Mixed"),
    Direction.UNCLEAR: N_("Direction unclear"),
}
STAGES = {
    Stage.NONE: "",
    Stage.RUMOUR: N_("Rumour"),
    Stage.PROPOSAL: N_("Proposal"),
    Stage.ANNOUNCED: N_("Announced"),
    Stage.IN_FORCE: N_("In force"),
    Stage.ENFORCEMENT: N_("Enforcement"),
    Stage.SUSPENDED: N_("Suspended"),
    Stage.REVERSED: N_("Reversed"),
    Stage.EXPIRED: N_("Expired"),
}
SEVERITIES = {
    Severity.INFORMATIONAL: N_("Informational"),
    Severity.LOW: N_("Low"),
    Severity.MEDIUM: N_("Medium"),
    Severity.HIGH: N_("High"),
    Severity.CRITICAL: N_("Critical"),
}
TOPICS = {
    Topic.EXPORT_CONTROL: N_("Export controls"),
    Topic.ENTITY_LISTING: N_("Entity listings"),
    Topic.SANCTIONS: N_("Sanctions"),
    Topic.TARIFF_TRADE_MEASURE: N_("Tariffs and trade measures"),
    Topic.CRITICAL_MINERALS: N_("Critical minerals"),
    Topic.INVESTMENT_SCREENING: N_("Investment screening"),
    Topic.TECH_TRANSFER: N_("Technology transfer"),
    Topic.LOGISTICS_DISRUPTION: N_("Logistics disruptions"),
    Topic.PRODUCTION_DISRUPTION: N_("Production disruptions"),
    Topic.SHORTAGE_PRICE: N_("Shortages and prices"),
    Topic.SOURCING_SHIFT: N_("Sourcing shifts"),
    Topic.ENFORCEMENT: N_("Enforcement"),
    Topic.TRADE_DEAL: N_("Trade deals"),
}
TIERS = {
    1: N_("official"),
    2: N_("wire"),
    3: N_("trade press"),
    4: N_("regional or aggregator"),
    5: N_("analysis"),
}


class Translator:
    """The texts of one language; `lang` is its code. Values are put in raw: escaping is the rendering's business."""

    def __init__(self, lang: str, catalog: NullTranslations) -> None:
        self.lang = lang
        self._catalog = catalog

    def t(self, text: str, **values: object) -> str:
        """Translate `text` and put the named values into its braces."""
        translated = self._catalog.gettext(text) if text else ""
        return translated.format(**values) if values else translated

    def n(self, singular: str, plural: str, count: int, **values: object) -> str:
        """Translate with the form that `count` takes in this language; `{count}` is put in as well."""
        return self._catalog.ngettext(singular, plural, count).format(count=count, **values)

    def direction(self, direction: Direction) -> str:
        """Give a direction in words."""
        return self.t(DIRECTIONS[direction])

    def stage(self, stage: Stage) -> str:
        """Give a stage in words; empty for events that have none."""
        return self.t(STAGES[stage])

    def severity(self, severity: Severity) -> str:
        """Give a level in words."""
        return self.t(SEVERITIES[severity])

    def topic(self, topic: Topic) -> str:
        """Give a topic in words."""
        return self.t(TOPICS[topic])

    def tier(self, tier: int) -> str:
        """Give what kind of source a tier stands for."""
        return self.t(TIERS.get(tier, ""))

    def day(self, day: date) -> str:
        """Give a date as it is written in this language."""
        return self.t("{day} {month} {year}", day=day.day, month=self.t(_MONTHS[day.month - 1]), year=day.year)

    def country(self, code: str) -> str:
        """Give a country or bloc with its flag; a code that we have no name for is shown as it is."""
        from bot.telegram.places import COUNTRIES, flag  # noqa: PLC0415 - places marks its names with N_ of this module

        name = self.t(COUNTRIES.get(code, code))
        return f"{flag(code)} {name}".strip()

    def goods(self, name: str) -> str:
        """Give goods in words by their id; an id that we have no name for is shown with blanks."""
        from bot.telegram.goods import GOODS  # noqa: PLC0415 - as above

        return self.t(GOODS[name]) if name in GOODS else name.replace("_", " ")


@cache
def strings(lang: str) -> Translator:
    """Give the texts of a language, by its code or one such as `de-AT`; English where we have none."""
    code = lang.lower().partition("-")[0].partition("_")[0]
    if code == "en" or code not in LANGUAGES:
        return Translator("en", NullTranslations())
    catalog = files("bot.telegram") / "locales" / code / "LC_MESSAGES" / "straitwatch.mo"
    with catalog.open("rb") as stream:
        return Translator(code, GNUTranslations(stream))
