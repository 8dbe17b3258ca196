"""A digest in words, ready to be laid out: what templates see. Pure values; all text is cleaned and on one line."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Words before a link, the link's own text and address (http(s) or empty), and words after it."""

    text: str
    url: str = ""
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One story: `signal` is mark and level, direction and stage; `brief` asks for one line only."""

    mark: str
    level: str
    signal: str
    headline: str
    url: str = ""
    change: str = ""
    dates: str = ""
    publishers: str = ""
    sources: tuple[Link, ...] = ()
    brief: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The stories of one topic."""

    title: str
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A titled list of lines."""

    title: str
    lines: tuple[Link, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The whole digest in words. `lead` is the headline paragraph, at most three lines; `notes` come before all else.

    `sections` are, where there is anything to say: dates ahead, trends, the chat's rules, near misses. `pipe` is the
    line on the sources' health, `picture` the text that stands for the chart.
    """

    lang: str
    title: str
    subtitle: str
    notes: tuple[str, ...]
    lead: tuple[str, ...]
    groups: tuple[Group, ...]
    more: str
    sections: tuple[Section, ...]
    pipe: str
    feedback: str
    footer: str
    picture: str = ""

    @property
    def ending(self) -> tuple[str, ...]:
        """Give the last lines: the pipe, the feedback, and where to change all this."""
        return tuple(line for line in (self.pipe, self.feedback, self.footer) if line)
