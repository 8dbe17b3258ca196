"""A start that cannot work is refused at once: every fault with its place and remedy, exit code 2, no traceback."""

import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from bot.storage.database import open_engine, reading
from bot.storage.sources import load
from tests.fakes.bot_api import BotApi
from tests.fakes.bot_api_faults import unauthorized

pytestmark = pytest.mark.long

TOKEN = "123456789:" + "A" * 35
RULE = """
rules:
  - id: own_neon
    title: Neon for lasers
    description: Neon supply for lithography lasers.
    status: tset
    topic: critical_minerals
    level: medium
    query: neon AND (shortage
    falsepositives: [Neon signs]
    references: [https://example.org/neon]
    examples: {hit: [Neon shortage], miss: [Neon sign]}
"""
SOURCE = "- {{id: s{n}, name: S{n}, url: '{url}', kind: {kind}, tier: 2, publisher: p{n}, lang: en, known_by: user}}\n"


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith("STRAITWATCH_") or name == "DATABASE_URL"]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)  # no .env of the developer's


def _lines_of(output: str, place: str) -> list[str]:
    return [line for line in output.splitlines() if place in line]


@pytest.mark.parametrize("command", ["run", "worker", "sources"])
def test_malformed_settings_and_missing_files_are_listed_together(straitwatch, tmp_path, command) -> None:
    wrong = {
        "telegram_token": ("hunter2hunter2", "@BotFather"),
        "zone": ("Mars/Base", "Europe/Amsterdam"),
        "fetch_timeout": ("soon", "valid number"),
        "precision": ("sharp", "eager, balanced, strict"),
        "allowed_ids": ("12,x", "valid integer"),
        "sources_file": (tmp_path / "none.yaml", "none.yaml does not exist"),
        "rules_dir": (tmp_path / "nowhere", "nowhere does not exist"),
        "model_file": (tmp_path / "model", "model does not exist"),
    }
    code, output = straitwatch(command, **{name: value for name, (value, _) in wrong.items()})
    assert code == 2, output
    for name, (_, says) in wrong.items():
        (line,) = _lines_of(output, f"STRAITWATCH_{name.upper()} (")
        assert says in line
        assert "leave it out" in line
    assert "hunter2" not in output
    assert "Traceback" not in output
    assert not list(tmp_path.iterdir()), "a refused start leaves nothing behind"


@pytest.mark.parametrize(
    ("address", "says"),
    [
        pytest.param("mysql://u:hunter2hunter2@h/x", "Use sqlite:///", id="other-engine"),
        pytest.param("postgresql://u:hunter2hunter2@127.0.0.1:9/x", "server runs and accepts this user", id="away"),
        pytest.param("sqlite:////proc/no/such/x.sqlite3", "Make the file and its folder writable", id="no-folder"),
    ],
)
def test_faults_of_sources_rules_model_and_database_are_listed_together(straitwatch, tmp_path, address, says) -> None:
    (tmp_path / "sources.yaml").write_text(
        SOURCE.format(n=1, url="https://a.test/feed", kind="fead") + SOURCE.format(n=2, url="b.test", kind="feed"),
        encoding="utf-8",
    )
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "own.yaml").write_text(RULE, encoding="utf-8")
    (tmp_path / "model.npz").write_bytes(b"PK\x03\x04 not a model")
    code, output = straitwatch(
        "run",
        sources_file=tmp_path / "sources.yaml",
        rules_dir=tmp_path / "rules",
        model_file=tmp_path / "model.npz",
        database_url=address,
    )
    assert code == 2, output
    for place in ("sources.yaml:1", "sources.yaml:2", "own.yaml:6", "own.yaml:9", "model: "):
        assert _lines_of(output, place), (place, output)
    assert "fead" in output
    assert "only http and https are fetched" in output
    assert "Did you mean test?" in output
    assert "never closed" in output
    assert "python -m classifiers" in output
    assert says in output
    assert "hunter2" not in output
    assert "Traceback" not in output


@contextmanager
def _telegram() -> Iterator[BotApi]:
    """Answer as Telegram in a thread of its own, so that a command can run in this one."""
    ready, over, found = threading.Event(), threading.Event(), []

    async def serve() -> None:
        async with BotApi() as api:
            found.append(api)
            ready.set()
            await asyncio.to_thread(over.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(20)
    try:
        yield found[0]
    finally:
        over.set()
        thread.join()


def test_a_token_that_telegram_refuses_ends_the_start(straitwatch, tmp_path) -> None:
    (tmp_path / "sources.yaml").write_text(SOURCE.format(n=1, url="http://127.0.0.1:9/feed", kind="feed"), "utf-8")
    with _telegram() as api:
        api.fail(unauthorized(), times=None)
        code, output = straitwatch(
            "run", telegram_token=TOKEN, telegram_api=api.url, sources_file=tmp_path / "sources.yaml"
        )
    assert code == 2, output
    assert "@BotFather" in output
    assert "A" * 35 not in output
    assert "Traceback" not in output


async def test_sources_that_refuse_are_named_once_each_and_ctrl_c_ends_the_watch_in_two_seconds(tmp_path) -> None:
    sources, database = tmp_path / "sources.yaml", f"sqlite:///{tmp_path / 'x.sqlite3'}"
    sources.write_text(
        "".join(SOURCE.format(n=n, url=f"http://127.0.0.1:9/{n}", kind="feed") for n in range(3)), encoding="utf-8"
    )
    environment = {
        "STRAITWATCH_SOURCES_FILE": str(sources),
        "STRAITWATCH_DATABASE_URL": database,
        "STRAITWATCH_ALLOW_PRIVATE_NETWORKS": "true",
        "STRAITWATCH_LOG_LEVEL": "info",
        "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry),
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from bot.cli import main; main()", "run"),
        env={**os.environ, **environment},
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    lines: list[str] = []
    try:
        async with asyncio.timeout(60):
            while sum("failed=True" in line for line in lines) < 3:
                line = (await process.stdout.readline()).decode()
                assert line, lines
                lines.append(line)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(30):
            rest, _ = await process.communicate()
        took = time.monotonic() - began
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    output = "".join(lines) + rest.decode()
    assert process.returncode == 0, output
    assert "Traceback" not in output
    assert "Stopped; everything owed is kept" in output
    for n in range(3):
        (line,) = [line for line in output.splitlines() if f"source=s{n}" in line]
        assert "cannot connect" in line
    assert took < 2
    engine = open_engine(database)
    with reading(engine) as tx:
        assert [load(tx, f"s{n}")[1].error_streak for n in range(3)] == [1, 1, 1]
    engine.dispose()
