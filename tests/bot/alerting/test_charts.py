import asyncio
import io
import os
import stat
from dataclasses import replace

import pytest
from PIL import Image

from bot.alerting import charting
from bot.alerting.charting import ChartProcess, NoCharts
from tests.fakes.weeks import sample_chart

pytestmark = pytest.mark.long

DARK, LIGHT = sample_chart(), sample_chart("light")
EMPTY = replace(DARK, up=(0,) * 14, down=(0,) * 14, topics=(), heat=())


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Both looks in one process; in another a week without any alert, and the first look again behind it."""
    cache = tmp_path_factory.mktemp("fonts")
    first = asyncio.run(ChartProcess(cache).draw([DARK, LIGHT]))
    return [*first, *asyncio.run(ChartProcess(cache).draw([EMPTY, DARK]))]


def test_equal_numbers_give_equal_bytes_in_every_process(drawn) -> None:
    dark, light, empty, again = drawn
    assert dark == again
    assert len({dark, light, empty}) == 3


def test_a_picture_is_small_and_made_for_a_phone(drawn) -> None:
    for picture in drawn[:2]:
        assert len(picture) < 150_000
        width, height = Image.open(io.BytesIO(picture)).size
        assert width == 1000
        assert 600 < height < 2000
        assert width + height < 10_000  # Telegram's limit for photos


def test_a_picture_holds_neither_time_nor_version(drawn) -> None:
    assert Image.open(io.BytesIO(drawn[0])).info.keys() <= {"transparency", "gamma", "dpi"}


def test_the_child_gets_nothing_of_our_environment(monkeypatch) -> None:
    monkeypatch.setenv("STRAITWATCH_TELEGRAM_TOKEN", "123:secret")
    assert "secret" not in repr(charting._environment(None))


def test_when_the_process_cannot_draw_what_is_missing_is_none(tmp_path, monkeypatch) -> None:
    fails = tmp_path / "python"
    fails.write_text("#!/bin/sh\necho no memory >&2\nexit 1\n")
    fails.chmod(fails.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(charting.sys, "executable", str(fails))
    assert asyncio.run(ChartProcess().draw([DARK, LIGHT])) == [None, None]


def test_when_the_process_hangs_it_is_stopped(tmp_path, monkeypatch) -> None:
    hangs = tmp_path / "python"
    hangs.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 600\n")
    hangs.chmod(hangs.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(charting.sys, "executable", str(hangs))
    monkeypatch.setattr(charting, "_SECONDS_TO_START", 0.3)
    assert asyncio.run(ChartProcess().draw([DARK])) == [None]
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_when_there_is_no_process_to_start_nothing_is_drawn(monkeypatch) -> None:
    monkeypatch.setattr(charting.sys, "executable", "/nonexistent/python")
    assert asyncio.run(ChartProcess().draw([DARK])) == [None]


def test_nothing_is_started_for_nothing(monkeypatch) -> None:
    monkeypatch.setattr(charting.sys, "executable", "/nonexistent/python")
    assert asyncio.run(ChartProcess().draw([])) == []
    assert asyncio.run(NoCharts().draw([DARK])) == [None]


def test_a_week_without_any_alert_can_be_drawn(drawn) -> None:
    assert Image.open(io.BytesIO(drawn[2])).size[0] == 1000
