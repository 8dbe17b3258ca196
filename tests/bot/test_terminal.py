import io
from itertools import count

from rich.console import Console

from bot.domain import ChatKind
from bot.telegram.messages import Options, Part
from bot.telegram.rendering import alert_message
from bot.telegram.strings import strings
from bot.terminal import TerminalTarget, styled
from tests.fakes.sending import JumpClock, make_sender, open_database, owe
from tests.fakes.values import NOW, alert, chat, story

SCREEN = chat(key="terminal", telegram_id=0, kind=ChatKind.TERMINAL, title="This terminal")


def screen():
    out = io.StringIO()
    return out, TerminalTarget(Console(file=out, width=100), count(1))


async def test_the_outbox_empties_onto_the_screen(tmp_path):
    engine = open_database(tmp_path)
    owe(engine, SCREEN, "one", "two")
    owe(engine, chat(), "for Telegram")
    out, target = screen()
    assert await make_sender(engine, target, JumpClock()).drain() == 2
    shown = out.getvalue()
    assert shown.index("one") < shown.index("two")
    assert "for Telegram" not in shown
    engine.dispose()


async def test_an_alert_reads_as_it_does_in_telegram_without_its_marks():
    out, target = screen()
    part = alert_message(story(headline="[bold]5 < 6[/bold]"), alert(), (), SCREEN, strings("en"), NOW).parts[0]
    sent = await target.send(SCREEN, part, Options(reply_to=3))
    assert "[bold]5 < 6[/bold]" in out.getvalue()
    assert "<b>" not in out.getvalue()
    assert (await target.edit(SCREEN, sent.message_id, part)).message_id == sent.message_id


def test_marks_become_styles():
    text = styled('<b>a</b> <i>b</i> <code>c</code> <a href="https://e.example/?x=1&amp;y=2">d</a> &lt;e&gt;')
    assert text.plain == "a b c d <e>"
    assert {str(span.style.link) for span in text.spans if span.style.link} == {"https://e.example/?x=1&y=2"}


async def test_message_ids_grow():
    _, target = screen()
    ids = [(await target.send(SCREEN, Part(html="x", plain="x"))).message_id for _ in range(3)]
    assert ids == [1, 2, 3]
