"""The page in a real browser: nothing is refused by its own policy, nothing overflows, everything can be read and used.

Needs Chromium, as Debian packages it; skipped where there is none.
"""

import asyncio
import itertools
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.web.listening import open_socket, read_place
from bot.web.serving import serve
from tests.fakes.browser import CHROMIUM, Browser, browser
from tests.fakes.pages import TOKEN, make_app

pytestmark = [pytest.mark.long, pytest.mark.skipif(not CHROMIUM, reason="no Chromium here")]

PAGES = ("/", "/?q=(", "/stories/aa11", "/sources", "/rules", "/rules/us_ear_rule", "/scorecard", "/about", "/nix")
# Gives the texts that are too faint for WCAG AA (4.5:1), each with its ratio.
FAINT = """
(() => {
  const channels = color => (color.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = element => {
    const layers = [];
    for (let e = element; e; e = e.parentElement) {
      const c = channels(getComputedStyle(e).backgroundColor);
      const alpha = c.length > 3 ? c[3] : 1;
      if (alpha > 0) layers.push([c, alpha]);
      if (alpha === 1) break;
    }
    return layers.reverse().reduce((under, [c, a]) => under.map((v, i) => v * (1 - a) + c[i] * a), [255, 255, 255]);
  };
  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode());) {
    const text = node.textContent.trim(), owner = node.parentElement;
    if (!text || !owner.getClientRects().length) continue;
    const [a, b] = [light(channels(getComputedStyle(owner).color)), light(ground(owner))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) faint.push(`${ratio.toFixed(2)} ${owner.tagName}.${owner.className}: ${text.slice(0, 40)}`);
  }
  return faint;
})()
"""
WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
SMALL = """
[...document.querySelectorAll('button, select, input:not([type=hidden]), nav a')]
  .filter(e => e.getClientRects().length && e.getBoundingClientRect().height < 24).map(e => e.outerHTML.slice(0, 80))
"""


@pytest.fixture(scope="module")
def ports(furnished) -> Iterator[tuple[int, int]]:
    """Ports of an open and of a guarded page, served by a thread of their own."""
    listeners = [open_socket(read_place("127.0.0.1:0")) for _ in range(2)]
    apps = [make_app(furnished, scorecard=Path("docs/scorecard.md")), make_app(furnished, token=TOKEN)]
    ready, stops = threading.Event(), []

    async def run():
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        stops.append(lambda: loop.call_soon_threadsafe(stop.set))
        ready.set()
        place = read_place("127.0.0.1:0")
        await asyncio.gather(*(serve(app, place, stop, listener=one) for app, one in zip(apps, listeners, strict=True)))

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    ready.wait(10)
    yield listeners[0].getsockname()[1], listeners[1].getsockname()[1]
    stops[0]()
    thread.join(10)


@pytest.fixture(scope="module")
def eyes(tmp_path_factory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


@pytest.mark.parametrize("path", PAGES)
def test_every_page_fits_and_can_be_read(eyes, ports, path):
    eyes.complaints.clear()
    eyes.open(f"http://127.0.0.1:{ports[0]}{path}")
    grounds = set()
    for width, dark in itertools.product((320, 390, 1280), (False, True)):
        eyes.look(width=width, dark=dark)
        assert eyes.ask(WIDE) == 0, width
        assert eyes.ask(FAINT) == [], (width, dark)
        assert eyes.ask(SMALL) == [], width
        grounds.add(eyes.ask("getComputedStyle(document.body).backgroundColor"))
    assert len(grounds) == 2  # light and dark
    assert [text for text in eyes.complaints if "status of 40" not in text] == []


def test_the_first_tab_reaches_the_content(eyes, ports):
    eyes.look(width=1280, dark=False)
    eyes.open(f"http://127.0.0.1:{ports[0]}/")
    _press(eyes, "Tab")
    assert eyes.ask("document.activeElement.className") == "skip"
    assert eyes.ask("document.activeElement.getBoundingClientRect().left") >= 0
    _press(eyes, "Enter")
    assert eyes.ask("document.activeElement.id") == "main"


def test_everything_that_can_be_used_has_a_name(eyes, ports):
    for path in PAGES:
        eyes.open(f"http://127.0.0.1:{ports[0]}{path}")
        nodes = eyes.call("Accessibility.getFullAXTree")["nodes"]
        used = {"link", "button", "searchbox", "textbox", "combobox", "navigation", "region", "search", "meter"}
        for node in nodes:
            if node.get("role", {}).get("value") in used and not node.get("ignored"):
                assert node.get("name", {}).get("value"), (path, node)


def test_a_reader_signs_in_and_filters_without_scripts(eyes, ports):
    eyes.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        eyes.open(f"http://127.0.0.1:{ports[1]}/?topic=critical_minerals")
        _focus(eyes, "#token")
        eyes.call("Input.insertText", text=TOKEN)
        _press(eyes, "Enter", loads=True)
        assert "Country bans exports of gallium" in _html(eyes)
        _focus(eyes, "#q")
        eyes.call("Input.insertText", text="direction:easing")
        _press(eyes, "Enter", loads=True)
        assert "No stored story matches" in _html(eyes)
        _focus(eyes, ".leave button")
        _press(eyes, "Enter", loads=True)
        assert 'id="token"' in _html(eyes)
    finally:
        eyes.call("Emulation.setScriptExecutionDisabled", value=False)


def _press(eyes: Browser, key: str, *, loads: bool = False) -> None:
    code, text = {"Tab": (9, ""), "Enter": (13, "\r")}[key]
    given = {"key": key, "code": key, "windowsVirtualKeyCode": code, "text": text}
    with eyes.loading() if loads else eyes.nothing():
        eyes.call("Input.dispatchKeyEvent", type="keyDown", **given)
        eyes.call("Input.dispatchKeyEvent", type="keyUp", **given)


def _focus(eyes: Browser, selector: str) -> None:
    root = eyes.call("DOM.getDocument")["root"]["nodeId"]
    eyes.call("DOM.focus", nodeId=eyes.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"])


def _html(eyes: Browser) -> str:
    root = eyes.call("DOM.getDocument")["root"]["nodeId"]
    return str(eyes.call("DOM.getOuterHTML", nodeId=root)["outerHTML"])
