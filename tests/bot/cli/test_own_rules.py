"""An operator's own rules: read beside the catalog, checked, and taken up by the running watch without a restart."""

import asyncio
import io

import pytest
from rich.console import Console

import classifiers.second
from bot import app
from bot.app import House
from bot.errors import ConfigurationError
from bot.settings import load_settings
from bot.storage.database import open_engine
from bot.storage.upgrading import upgrade
from bot.watch import Watch

RULE = """
rules:
  - id: own_neon
    title: Neon for lasers
    description: Neon supply for lithography lasers.
    status: test
    topic: critical_minerals
    level: medium
    query: neon AND (shortage OR export)
    falsepositives: [Neon signs]
    references: [https://example.org/neon]
    examples:
      hit: [Neon shortage looms, Neon export stops, Export of neon halted]
      miss: [Neon sign lights up, Argon shortage, Shortage of xenon]
"""


@pytest.fixture(scope="module")
def model():
    return classifiers.second.load_detector(None)


@pytest.fixture(autouse=True)
def one_model(model, monkeypatch):
    """Load the model once for all: these tests are about rules."""
    monkeypatch.setattr("classifiers.second.load_detector", lambda _: model)


@pytest.fixture
def rules(tmp_path, monkeypatch):
    """The operator's folder, named in the environment, with one good rule."""
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "own.yaml").write_text(RULE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STRAITWATCH_RULES_DIR", str(folder))
    monkeypatch.setenv("STRAITWATCH_DATABASE_URL", f"sqlite:///{tmp_path / 'x.sqlite3'}")
    return folder


@pytest.mark.usefixtures("rules")
def test_own_rules_match_beside_the_catalog(straitwatch):
    code, output = straitwatch("rules", "match", "Neon export stops")
    assert code == 0
    assert "own_neon: " in output
    assert "Neon for lasers" in straitwatch("rules", "explain", "own_neon")[1]


def test_the_check_covers_own_rules_and_names_the_place_of_a_fault(rules, straitwatch):
    assert straitwatch("rules", "check", str(rules))[0] == 0
    (rules / "own.yaml").write_text(RULE.replace("status: test", "status: tset"), encoding="utf-8")
    code, output = straitwatch("rules", "check")
    assert code == 1
    assert "own.yaml:6:" in output
    assert "Did you mean test?" in output


def test_a_start_with_faulty_own_rules_is_refused_with_every_fault(rules):
    faulty = RULE.replace("topic: critical_minerals", "topic: minerals").replace("neon AND (", "neon AND ((")
    (rules / "own.yaml").write_text(faulty, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        app.load_assessor(load_settings())
    assert len(caught.value.faults) == 2
    assert all("own.yaml" in fault.place for fault in caught.value.faults)


def test_a_reload_without_a_running_watch_says_so(rules, straitwatch):
    code, output = straitwatch("rules", "reload")
    assert code != 0
    assert "no running watch found" in output
    (rules / "own.yaml").write_text("rules: [", encoding="utf-8")
    code, output = straitwatch("rules", "reload")
    assert code == 2
    assert "own.yaml" in output


class Screen(io.StringIO):
    """A terminal that can be waited on; written to from other threads."""

    def __init__(self):
        super().__init__()
        self._written = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def write(self, text):
        done = super().write(text)
        self._loop.call_soon_threadsafe(self._written.set)
        return done

    async def shows(self, text):
        async with asyncio.timeout(20):
            while text not in self.getvalue():
                self._written.clear()
                await self._written.wait()


async def test_the_running_watch_takes_up_changed_rules_and_refuses_faulty_ones(rules, straitwatch):
    settings, screen = load_settings(None), Screen()
    engine = open_engine(settings.database_url)
    upgrade(engine)
    house = House(settings=settings, engine=engine, sources=(), assessor=app.load_assessor(settings))
    watch = Watch(house, Console(file=screen, width=200))
    watch.prepare()
    running = asyncio.create_task(watch.run())
    place = app.data_folder(settings)
    try:
        async with asyncio.timeout(20):
            while not list(place.glob("straitwatch-*.pid")):  # noqa: ASYNC110 - a file, which sets no event
                await asyncio.sleep(0)
        (rules / "own.yaml").write_text(RULE.replace("own_neon", "own_xenon"), encoding="utf-8")
        code, said = straitwatch("rules", "reload")
        assert (code, "1 running process takes them up" in said) == (0, True)
        await screen.shows("The rules were reloaded.")
        assert watch._assessor().catalog.get("own_xenon") is not None
        assert watch._assessor().catalog.get("own_neon") is None
        (rules / "own.yaml").write_text(RULE.replace("status: test", "status: tset"), encoding="utf-8")
        watch.reload()
        assert "The changed rules are refused; the old ones stay." in screen.getvalue()
        assert "own.yaml:6" in screen.getvalue()
        assert watch._assessor().catalog.get("own_xenon") is not None
    finally:
        watch.stop()
        await running
        engine.dispose()
