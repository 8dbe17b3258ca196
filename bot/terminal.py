"""The target that is a terminal: `straitwatch run` without a token shows what Telegram would get."""

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from bot.domain import Chat, ChatKind
from bot.telegram.messages import DEFAULT_OPTIONS, Options, Part, Sent

if TYPE_CHECKING:
    from rich.console import Console
    from rich.style import Style
    from rich.text import Text


class TerminalTarget:
    """Prints each part in a frame. `ids` gives the message ids, which must go on growing over restarts."""

    def __init__(self, console: "Console", ids: Iterator[int]) -> None:
        self._console = console
        self._ids = ids

    @property
    def kinds(self) -> frozenset[ChatKind]:
        """Only the terminal itself."""
        return frozenset({ChatKind.TERMINAL})

    async def send(self, chat: Chat, part: Part, options: Options = DEFAULT_OPTIONS) -> Sent:
        """Print a part."""
        answers = f" answers {options.reply_to}" if options.reply_to is not None else ""
        sent = Sent(message_id=next(self._ids))
        self._print(part, f"{chat.title or chat.key}{answers}")
        return sent

    async def edit(self, chat: Chat, message_id: int, part: Part, options: Options = DEFAULT_OPTIONS) -> Sent:
        """Print what an earlier message now says, in one line: a terminal cannot take back what it has shown."""
        del options
        lines = [line for line in styled(part.html).plain.splitlines() if line.strip()]
        publishers = next((line for line in lines if line.endswith(":")), "").rstrip(":")
        self._console.print(
            f"  ↻ {chat.title or chat.key} #{message_id}: {' · '.join([*lines[:2], publishers])}",
            style="dim",
            highlight=False,
        )
        return Sent(message_id=message_id)

    async def check(self) -> None:
        """Answer: a terminal is always there."""

    def _print(self, part: Part, title: str) -> None:
        from rich.panel import Panel  # noqa: PLC0415 - only a run that prints needs it

        self._console.print(
            Panel(styled(part.html), title=title, title_align="left", width=min(self._console.width, 100))
        )


def styled(html: str) -> "Text":
    """Turn the marked-up form of a part into styled text; only marks that the rendering writes are understood."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.text


class _Reader(HTMLParser):
    def __init__(self) -> None:
        from rich.text import Text  # noqa: PLC0415 - as above

        super().__init__(convert_charrefs=True)
        self.text = Text()
        self._styles: list[Style] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        from rich.style import Style  # noqa: PLC0415 - as above

        marks = {"b": Style(bold=True), "i": Style(italic=True), "code": Style(color="cyan")}
        href = dict(attrs).get("href")
        self._styles.append(Style(link=href, underline=True) if href else marks.get(tag, Style()))

    def handle_endtag(self, tag: str) -> None:
        del tag
        if self._styles:
            self._styles.pop()

    def handle_data(self, data: str) -> None:
        from rich.style import Style  # noqa: PLC0415 - as above

        self.text.append(data, style=Style.combine(self._styles) if self._styles else "")
