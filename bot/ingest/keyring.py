"""Put the secrets of sources into their requests, and take them out of whatever comes back.

Only the operator's sources file grants: a reference is resolved for the very origin under which that file names it, so
that neither a chat, a redirect nor a feed can have a secret of the machine sent anywhere.
"""

import base64
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from bot.domain import Source
from bot.errors import Fault
from bot.ingest.items import Item, Parsed
from bot.ingest.references import (
    REFERENCE,
    has_reference,
    headers_of,
    may_carry,
    origin,
    references_in,
    source_references,
    without_references,
)
from bot.redaction import LEAST, Redactor

Read = Callable[[str], str]  # name -> secret; raises LookupError whose text says what is missing
_Origin = tuple[str, str, int]


class NotGrantedError(Exception):
    """A request names a secret that it may not have, or that is not set; the text says which, never its value."""


def read_nothing(name: str) -> str:
    """Know no secret: for fetchers of addresses that the catalog did not give."""
    raise LookupError(f"the secret {name} is not set")


class Keyring:
    """Which secret may go where. `sources` come from the operator's file; `read` is asked anew for every request."""

    def __init__(
        self, sources: Iterable[Source] = (), *, read: Read = read_nothing, redactor: Redactor | None = None
    ) -> None:
        self._read = read
        self._redactor = redactor or Redactor()
        self._users: dict[str, list[str]] = {}  # name -> ids of sources
        self._granted: dict[str, set[_Origin]] = {}
        for source in sources:
            for name in source_references(source.url, source.options):
                if source.options.get("enabled") is not False:  # one that is switched off needs nothing yet
                    self._users.setdefault(name, []).append(source.id)
                self._granted.setdefault(name, set()).add(origin(source.url))

    def faults(self, place: str = "sources.yaml") -> list[Fault]:
        """Read every granted secret once, which teaches the redactor, and list those that are missing or unfit."""
        found = []
        for name, users in self._users.items():
            try:
                self._checked(name)
            except LookupError as error:
                remedy = f"Set {name} in the environment or .env, or {name}_FILE to a file that holds it"
                where = f"source {users[0]}" if len(users) == 1 else f"sources {', '.join(users)}"
                found.append(Fault(place=f"{place}, {where}", problem=str(error.args[0]), remedy=remedy))
        return found

    def fill_url(self, url: str) -> str:
        """Put the secrets into an address, percent-encoded; raises NotGrantedError."""
        if "${" not in url:
            return url
        at = origin(url)
        filled = REFERENCE.sub(lambda found: quote(self._secret(found[1], at), safe=""), url)
        self._learn_login(filled, url)
        return filled

    def fill_headers(self, headers: Mapping[str, str], url: str, *, first: bool) -> dict[str, str]:
        """Put the secrets into headers for a request to `url`.

        Raises NotGrantedError for the first request; after a redirect elsewhere the header is left out instead.
        """
        at, filled = origin(url), {}
        for name, value in headers.items():
            try:
                filled[name] = REFERENCE.sub(lambda found: self._secret(found[1], at), value)
            except NotGrantedError:
                if first:
                    raise
        return filled

    def veil(self, text: str) -> str:
        """Give an address or header back its references: it may be asked for again."""
        return self._redactor.replace(text)

    def redact(self, text: str) -> str:
        """Take known secrets, and all that looks like one, out of a text for people."""
        return self._redactor(text)

    def veil_parsed(self, source: Source, parsed: Parsed) -> Parsed:
        """Take the secrets of `source` out of what its answer was read as; links lose the parameter that held one."""
        if not source_references(source.url, source.options):
            return parsed
        return replace(
            parsed,
            items=tuple(map(self._veil_item, parsed.items)),
            state=None if parsed.state is None else self._veil_tree(parsed.state),
            notes=tuple(map(self.veil, parsed.notes)),
            title=self.veil(parsed.title),
            home=without_references(self.veil(parsed.home)),
            follow=None if parsed.follow is None else self._veil_tree(parsed.follow),
        )

    def _veil_item(self, item: Item) -> Item:
        guid = self.veil(item.guid)
        return replace(
            item,
            url=without_references(self.veil(item.url)),
            guid=without_references(guid) if guid.startswith(("http://", "https://")) else guid,
            title=self.veil(item.title),
            summary=self.veil(item.summary),
            text=self.veil(item.text),
            publisher=self.veil(item.publisher),
            identity=self.veil(item.identity),
            instruments=tuple(map(self.veil, item.instruments)),
        )

    def _veil_tree(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.veil(value)
        if isinstance(value, bytes):
            return self.veil(value.decode("latin-1")).encode("latin-1")
        if isinstance(value, Mapping):
            return {self._veil_tree(key): self._veil_tree(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(self._veil_tree(inner) for inner in value)
        return value

    def _secret(self, name: str, at: _Origin) -> str:
        if not any(may_carry(granted, at) for granted in self._granted.get(name, ())):
            raise NotGrantedError(f"the sources file grants the secret {name} to no source at {at[1] or 'that place'}")
        try:
            return self._checked(name)
        except LookupError as error:
            raise NotGrantedError(error.args[0]) from None

    def _checked(self, name: str) -> str:
        """Read a secret and teach it to the redactor; raises LookupError with what is missing or unfit."""
        secret = self._read(name)
        if len(secret) < LEAST:
            raise LookupError(f"the secret {name} is shorter than {LEAST} characters, which cannot be kept out of logs")
        if not secret.isprintable():
            raise LookupError(f"the secret {name} holds line breaks or control characters")
        self._redactor.learn(secret, f"${{{name}}}")
        return secret

    def _learn_login(self, filled: str, url: str) -> None:
        """Know the user part in the form in which it leaves, too: joined and in base64."""
        user = urlsplit(filled).netloc.rpartition("@")[0]
        if has_reference(urlsplit(url).netloc) and user:
            name, _, password = user.partition(":")
            login = f"{unquote(name)}:{unquote(password)}"
            names = references_in(urlsplit(url).netloc)
            self._redactor.learn(base64.b64encode(login.encode()).decode(), f"${{{names[-1]}}}")


def headers_for(source: Source, headers: Mapping[str, str]) -> dict[str, str]:
    """Give the headers of a request: what the source wants, and over it what its kind must have."""
    return {**headers_of(source.options), **headers}
