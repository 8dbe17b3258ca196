"""Make the digests of one period for many chats, and do everything that they share once: match, draw, word, lay out."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import structlog

from bot.alerting.charting import ChartMaker, ChartSpec
from bot.alerting.digests.building import Builder
from bot.alerting.digests.layout import Layout
from bot.alerting.digests.matching import match
from bot.alerting.digests.material import Material, Reported
from bot.alerting.digests.picture import chart_spec, describe
from bot.alerting.digests.pictures import Pictures
from bot.alerting.digests.sheet import Sheet
from bot.alerting.digests.sunsets import shipped_sunsets
from bot.alerting.digests.templating import Templates
from bot.alerting.digests.told import Asked
from bot.alerting.digests.values import Digest
from bot.alerting.digests.wording import CHAT_LIMITS, Limits, Wording
from bot.alerting.quiet import zone_of
from bot.domain import Chat, Severity, Subscription
from bot.errors import Fault
from bot.telegram.strings import Translator, strings

log = structlog.get_logger(__name__)
_REMEMBERED = 500  # digests and payloads kept for other chats, some ten kilobytes each
_Kind = tuple[str, str, Severity]  # what decides a picture: zone, language, level


class Press:
    """Builds, words and lays out the digests of one period. `rules` are the subscriptions by chat."""

    def __init__(
        self,
        material: Material,
        rules: Mapping[str, Sequence[Subscription]],
        reported: Iterable[Reported],
        templates: Templates,
        *,
        now: datetime,
    ) -> None:
        self.rules = rules
        self.material = material
        self._now = now
        self._templates = templates
        self._layout = Layout(templates)
        queries = {one.query for found in rules.values() for one in found if not one.paused}
        self._builder = Builder(material, match(sorted(queries), reported), shipped_sunsets(), now=now)
        self._wordings: dict[str, Wording] = {}
        self._specs: dict[_Kind, ChartSpec] = {}
        self._files: dict[_Kind, Path | None] = {}
        self._digests: dict[Hashable, Digest] = {}
        self._payloads: dict[Hashable, dict[str, object]] = {}
        self.charts_failed = 0

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Give the operator's templates that were replaced by the shipped ones, and why."""
        return tuple(self._templates.faults)

    async def draw(self, chats: Iterable[Chat], charts: ChartMaker, pictures: Pictures) -> None:
        """Draw the pictures that these chats need and that are not drawn yet, in one go."""
        wanted = {_kind(chat): chat for chat in chats}
        missing = [kind for kind in wanted if kind not in self._files]
        specs = [self.spec(wanted[kind]) for kind in missing]
        for kind, drawn in zip(missing, await charts.draw(specs), strict=True):
            self._files[kind] = self._keep(drawn, pictures)

    def _keep(self, drawn: bytes | None, pictures: Pictures) -> Path | None:
        if drawn is not None:
            try:
                return pictures.keep(drawn, now=self._now)
            except OSError as error:  # a full disk: the text goes out all the same
                log.warning("picture_not_stored", reason=error.strerror)
        self.charts_failed += 1
        return None

    def spec(self, chat: Chat) -> ChartSpec:
        """Give what the picture for a chat shows."""
        kind = _kind(chat)
        if kind not in self._specs:
            self._specs[kind] = chart_spec(self.material, level=chat.level, zone=chat.zone, words=strings(chat.lang))
        return self._specs[kind]

    def digest(self, asked: Asked) -> Digest:
        """Give the digest as a value; what is built for one wish serves all chats that share it."""
        wish = _wish(asked)
        if wish not in self._digests:
            if len(self._digests) >= _REMEMBERED:
                self._digests.clear()
            self._digests[wish] = self._builder.build(asked)
        return replace(self._digests[wish], chat_key=asked.chat.key, personal=asked.personal)

    def sheet(self, asked: Asked, digest: Digest, limits: Limits = CHAT_LIMITS) -> Sheet:
        """Give the digest in words, with the text that stands for the picture."""
        words: Translator = strings(asked.chat.lang)
        wording = self._wordings.setdefault(words.lang, Wording(words))
        last = self.material.period.end.astimezone(zone_of(asked.chat.zone)).date()
        return wording.sheet(digest, limits, picture=describe(self.spec(asked.chat), words, last=last))

    def payload(self, asked: Asked) -> dict[str, object]:
        """Give the payload of the delivery: finished parts, the picture with the first of them.

        Chats that ask for the same and have nothing of their own to tell share one.
        """
        key = (_wish(asked), asked.personal)
        if key not in self._payloads:
            if len(self._payloads) >= _REMEMBERED:
                self._payloads.clear()
            self._payloads[key] = self._make_payload(asked)
        return self._payloads[key]

    def _make_payload(self, asked: Asked) -> dict[str, object]:
        sheet = self.sheet(asked, self.digest(asked))
        picture = self._files.get(_kind(asked.chat))
        parts = [
            {"html": part.html, "plain": part.plain}
            for part in self._layout.parts(sheet, with_picture=picture is not None)
        ]
        if picture is not None:
            parts[0]["photo_path"] = str(picture)
        return {"parts": parts}


def _wish(asked: Asked) -> Hashable:
    """Give all that a digest depends on, beside the period and what is a chat's own."""
    chat = asked.chat
    rules = tuple((one.name, one.query, one.level, one.paused) for one in asked.subscriptions)
    own = chat.key if asked.personal.snoozed else ""  # a snoozed rule is named by its id, which no other chat shares
    return (_kind(chat), chat.digest_daily, rules, asked.preview, own)


def _kind(chat: Chat) -> _Kind:
    return (chat.zone, strings(chat.lang).lang, chat.level)
