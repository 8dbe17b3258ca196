"""A headless Chromium that is spoken to over a pipe: for looking at pages as readers see them. Needs no library."""

import base64
import itertools
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome") or ""


class Browser:
    """One page. `complaints` holds what the console and the page's policy complained about."""

    def __init__(self, read_from: int, write_to: int) -> None:
        self._in = os.fdopen(read_from, "rb", buffering=0)
        self._out = os.fdopen(write_to, "wb", buffering=0)
        self._numbers = itertools.count(1)
        self._rest = b""
        self._session = ""
        self._loaded = False
        self.complaints: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Log", "Runtime", "Network", "Audits", "Accessibility", "DOM"):
            self.call(f"{domain}.enable")

    def look(self, *, width: int, dark: bool) -> None:
        """Be as wide as a phone or a desk, light or dark."""
        phone = width < 600
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=phone)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def open(self, url: str) -> None:
        """Open an address and wait until it is loaded."""
        with self.loading():
            self.call("Page.navigate", url=url)

    @contextmanager
    def loading(self) -> Iterator[None]:
        """Wait, after what is done inside, until a page is loaded."""
        self._loaded = False
        yield
        deadline = time.monotonic() + 20
        while not self._loaded:
            assert time.monotonic() < deadline, "nothing was loaded"
            self._take(self._read())

    @contextmanager
    def nothing(self) -> Iterator[None]:
        """Wait for nothing."""
        yield

    def ask(self, script: str) -> Any:
        """Evaluate JavaScript in the page, which its own policy does not hinder."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def picture(self, place: Path, *, whole: bool = True) -> None:
        """Take a picture of the page."""
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        if whole:
            size = self.call("Page.getLayoutMetrics")["cssContentSize"]
            clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 3000), "scale": 1}
            shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        place.write_bytes(base64.b64decode(shot["data"]))

    def close(self) -> None:
        """End the browser."""
        self._session = ""
        self.call("Browser.close")
        self._in.close()
        self._out.close()

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method of the DevTools protocol and give its result."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        self._out.write(json.dumps(message).encode() + b"\0")
        while (answer := self._read()).get("id") != number:
            self._take(answer)
        assert "error" not in answer, f"{method}: {answer['error']}"
        result: dict[str, Any] = answer["result"]
        return result

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            part = self._in.read(65_536)
            assert part, "the browser ended"
            self._rest += part
        message, _, self._rest = self._rest.partition(b"\0")
        answer: dict[str, Any] = json.loads(message)
        return answer

    def _take(self, event: dict[str, Any]) -> None:
        match event.get("method"):
            case "Page.loadEventFired":
                self._loaded = True
            case "Log.entryAdded":
                self.complaints.append(event["params"]["entry"]["text"])
            case "Audits.issueAdded":
                self.complaints.append(json.dumps(event["params"]["issue"]))
            case "Runtime.exceptionThrown":
                self.complaints.append(json.dumps(event["params"]["exceptionDetails"]))


@contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """Start a browser with its profile in `folder`."""
    to_browser, ours_out = os.pipe()
    ours_in, from_browser = os.pipe()

    options = ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--remote-debugging-pipe")
    quiet = ("--disable-background-networking", "--disable-dev-shm-usage", f"--user-data-dir={folder}")
    # DevTools over a pipe speaks on the descriptors 3 and 4; bash puts ours there
    running = subprocess.Popen(
        ["bash", "-c", f'exec "$@" 3<&{to_browser} 4>&{from_browser}', "bash", CHROMIUM, *options, *quiet],
        pass_fds=(to_browser, from_browser),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(to_browser)
    os.close(from_browser)
    try:
        opened = Browser(ours_in, ours_out)
        yield opened
        opened.close()
    finally:
        running.terminate()
        running.wait(timeout=10)
