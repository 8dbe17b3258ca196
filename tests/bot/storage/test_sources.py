import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from bot.domain import Source, SourceKind
from bot.errors import NotFoundError
from bot.ingest.catalog import load_catalog
from bot.ingest.memory import SourceMemory
from bot.storage import sources as rows
from tests.fakes.feed_faults import NOW

PAPER = Source(
    id="paper",
    name="The Paper",
    url="https://paper.test/feed",
    kind=SourceKind.FEED,
    tier=3,
    publisher="The Paper",
    options={"zone_hours": 9},
)
WIRE = replace(PAPER, id="wire", name="The Wire", tier=2, url="https://wire.test/feed")
REMEMBERED = SourceMemory(
    etag='"1"',
    last_modified="Tue, 24 Nov 2026 12:00:00 GMT",
    state={"kind": {"last": "x"}, "body": "ab"},
    next_poll_at=NOW + timedelta(minutes=15),
    first_polled_at=NOW,
    last_polled_at=NOW,
    last_success_at=NOW,
    last_new_at=NOW,
    newest_item_at=NOW,
    last_full_at=NOW,
    last_status="10 items",
    polls=7,
    items_seen=10,
    items_new=3,
    items_undated=1,
    mean_gap_seconds=12.5,
)


def named(name: str) -> Source:
    return replace(PAPER, id=name, url=f"https://{name}.test/feed")


def test_the_shipped_catalog_is_stored_and_loaded_as_it_is(engine: Engine) -> None:
    catalog = load_catalog()
    with engine.begin() as tx:
        rows.upsert_catalog(tx, catalog)
        rows.upsert_catalog(tx, catalog)
        stored = {one.source.id: one for one in rows.all_sources(tx)}
    assert len(stored) == len(catalog)
    for source in catalog:
        off = source.options.get("enabled") is False
        options = {name: value for name, value in source.options.items() if name != "enabled"}
        assert stored[source.id].source == replace(source, options=options)
        assert stored[source.id].memory.enabled is not off


def test_memory_survives_a_new_catalog_and_comes_back_whole(engine: Engine) -> None:
    with engine.begin() as tx:
        rows.upsert_catalog(tx, [PAPER])
        rows.save_memory(tx, "paper", REMEMBERED)
        rows.upsert_catalog(tx, [replace(PAPER, name="The New Paper")])
        source, memory = rows.load(tx, "paper")
    assert source.name == "The New Paper"
    assert memory == REMEMBERED


def test_a_new_address_forgets_validators_and_a_moved_one_is_kept(engine: Engine) -> None:
    with engine.begin() as tx:
        rows.upsert_catalog(tx, [PAPER])
        rows.save_memory(tx, "paper", replace(REMEMBERED, moved_url="https://new.test/", paused_reason="gone (410)"))
        rows.upsert_catalog(tx, [PAPER])
        assert rows.load(tx, "paper")[1].moved_url == "https://new.test/"
        rows.upsert_catalog(tx, [replace(PAPER, url="https://paper.test/rss")])
        _, memory = rows.load(tx, "paper")
    assert (memory.etag, memory.moved_url, memory.next_poll_at, memory.paused_reason) == ("", "", None, "")


def test_sources_that_are_shipped_no_longer_are_switched_off_and_users_own_stay(engine: Engine) -> None:
    with engine.begin() as tx:
        rows.upsert_catalog(tx, [PAPER])
        assert rows.add(tx, WIRE, added_by="cli")
        assert not rows.add(tx, WIRE, added_by="cli")
        assert not rows.add(tx, replace(WIRE, id="wire-2"), added_by="cli")
        rows.upsert_catalog(tx, [replace(PAPER, id="other")])
        enabled = {one.source.id: one.memory.enabled for one in rows.all_sources(tx)}
    assert enabled == {"paper": False, "other": True, "wire": True}


def test_a_user_s_choice_outlives_a_restart(engine: Engine) -> None:
    with engine.begin() as tx:
        rows.upsert_catalog(tx, [PAPER])
        rows.pause(tx, "paper", "too noisy")
        rows.upsert_catalog(tx, [PAPER])
        rows.save_memory(tx, "paper", SourceMemory())
        assert not rows.load(tx, "paper")[1].enabled
        assert rows.due(tx, NOW, 5) == []
        rows.resume(tx, "paper")
        assert rows.due(tx, NOW, 5) == ["paper"]


def test_removing_deletes_users_own_and_switches_shipped_ones_off(engine: Engine) -> None:
    with engine.begin() as tx:
        rows.upsert_catalog(tx, [PAPER])
        rows.add(tx, WIRE, added_by="cli")
        rows.remove(tx, "paper")
        rows.remove(tx, "wire")
        assert [(one.source.id, one.memory.enabled) for one in rows.all_sources(tx)] == [("paper", False)]


@pytest.mark.parametrize("act", [rows.load, rows.remove, rows.resume, lambda tx, name: rows.pause(tx, name, "")])
def test_unknown_sources_are_named(engine: Engine, act: object) -> None:
    with engine.begin() as tx, pytest.raises(NotFoundError, match="'nobody'"):
        act(tx, "nobody")


def test_the_longest_overdue_is_polled_first_and_each_once(engine: Engine) -> None:
    with engine.begin() as tx:
        for name, minutes in (("late", -60), ("later", -5), ("future", 5)):
            rows.add(tx, named(name), added_by="cli")
            rows.save_memory(tx, name, SourceMemory(next_poll_at=NOW + timedelta(minutes=minutes)))
        rows.add(tx, named("new"), added_by="cli")
        assert rows.next_due_at(tx, now=NOW) == NOW
        assert rows.due(tx, NOW, 2, worker="a") == ["new", "late"]
        assert rows.due(tx, NOW, 9, worker="b") == ["later"]
        assert rows.due(tx, NOW, 9, worker="b") == []


def test_a_claim_ends_with_the_poll_or_with_its_lease(engine: Engine) -> None:
    with engine.begin() as tx:
        rows.add(tx, PAPER, added_by="cli")
        assert rows.due(tx, NOW, 9, lease=timedelta(minutes=5)) == ["paper"]
        assert rows.due(tx, NOW + timedelta(minutes=4), 9) == []
        assert rows.due(tx, NOW + timedelta(minutes=5), 9) == ["paper"]
        rows.save_memory(tx, "paper", SourceMemory(next_poll_at=NOW))
        assert rows.due(tx, NOW, 9) == ["paper"]
        rows.release(tx, ["paper"])
        assert rows.due(tx, NOW, 9) == ["paper"]


def test_when_the_network_is_back_failing_sources_are_due_at_once(engine: Engine) -> None:
    later = NOW + timedelta(hours=1)
    with engine.begin() as tx:
        for name, streak in (("failing", 3), ("fine", 0)):
            rows.add(tx, named(name), added_by="cli")
            rows.save_memory(tx, name, SourceMemory(next_poll_at=later, error_streak=streak))
        rows.poll_soon(tx, now=NOW)
        assert rows.due(tx, NOW, 9) == ["failing"]
        assert rows.next_due_at(tx, now=NOW) == NOW


def test_told_trouble_is_remembered(engine: Engine) -> None:
    with engine.begin() as tx:
        rows.add(tx, PAPER, added_by="cli")
        rows.mark_told(tx, "paper", now=NOW)
        assert rows.load(tx, "paper")[1].silence_reported_at == NOW


def test_several_workers_share_the_sources_without_overlap(engine: Engine) -> None:
    with engine.begin() as tx:
        for number in range(60):
            rows.add(tx, named(f"s{number}"), added_by="cli")
    claimed: list[str] = []

    def work(name: str) -> None:
        while True:
            with engine.begin() as tx:
                mine = rows.due(tx, NOW, 5, worker=name)
            if not mine:
                return
            claimed.extend(mine)

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == sorted(f"s{number}" for number in range(60))


def test_nothing_is_due_without_sources(engine: Engine) -> None:
    with engine.begin() as tx:
        assert rows.next_due_at(tx, now=NOW) is None
        assert rows.due(tx, NOW, 9) == []
