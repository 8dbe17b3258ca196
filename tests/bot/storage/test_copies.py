"""Backups and moves between the engines keep every row; what cannot be trusted is refused, and nothing is changed."""

import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select, update

from bot.errors import StorageError
from bot.storage import articles as article_rows
from bot.storage import outbox, stories
from bot.storage.chats import save_chat
from bot.storage.copies import backup, copy, restore
from bot.storage.database import open_engine, reading
from bot.storage.leases import hold_lease
from bot.storage.schema import metadata
from bot.storage.subscriptions import save_subscription
from bot.storage.upgrading import upgrade
from tests.fakes.values import NOW, article, assessment, chat, delivery, story, subscription

pytestmark = pytest.mark.long


def fill(engine: Engine, articles: int = 20) -> None:
    read = [article(id=f"a{n}", title=f"Ökonomie 出口管制 {n}", url=f"https://x.test/{n}") for n in range(articles)]
    with engine.begin() as tx:
        article_rows.add_articles(tx, read)
        stories.save_assessments(tx, [assessment(article_id=one.id) for one in read], now=NOW)
        stories.save_story(tx, story(), now=NOW)
        save_chat(tx, chat())
        save_subscription(tx, subscription())
        outbox.enqueue(tx, [delivery()])


def content(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    with reading(engine) as tx:
        return {
            table.name: sorted((tuple(row) for row in tx.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
        }


@pytest.fixture
def filled(database: str):
    engine = open_engine(database)
    upgrade(engine)
    fill(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def saved(filled: Engine, tmp_path: Path) -> Path:
    path = tmp_path / "kept" / "backup.sqlite3"
    assert backup(filled, path) > 10_000
    return path


def test_a_backup_restored_on_either_engine_gives_every_row_back(filled, saved, tmp_path, postgres_server) -> None:
    before = content(filled)
    assert before["deliveries"]
    for address in (f"sqlite:///{tmp_path / 'new.sqlite3'}", postgres_server.empty()):
        rows = restore(saved, address)
        target = open_engine(address)
        assert content(target) == before
        assert rows["articles"] == 20
        target.dispose()
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]


def test_a_copy_to_the_other_engine_and_back_changes_nothing(filled, tmp_path, postgres_server) -> None:
    there, back = postgres_server.empty(), f"sqlite:///{tmp_path / 'back.sqlite3'}"
    copy(filled, there)
    between = open_engine(there)
    copy(between, back)
    between.dispose()
    target = open_engine(back)
    assert content(target) == content(filled)
    target.dispose()


def test_a_backup_is_one_moment_of_a_database_that_is_written_meanwhile(filled, tmp_path) -> None:
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            with filled.begin() as tx:  # an article and its assessment belong together in every snapshot
                article_rows.add_articles(tx, [article(id=f"w{number}", url=f"https://w.test/{number}")])
                stories.save_assessments(tx, [assessment(article_id=f"w{number}")], now=NOW)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(3):
            backup(filled, tmp_path / f"live{number}.sqlite3")
    finally:
        stop.set()
        writer.join()
    for number in range(3):
        copied = open_engine(f"sqlite:///{tmp_path / f'live{number}.sqlite3'}")
        with reading(copied) as tx:
            counted = [
                tx.scalar(select(func.count()).select_from(metadata.tables[name]))
                for name in ("articles", "assessments")
            ]
        copied.dispose()
        assert counted[0] == counted[1]


def test_a_failed_backup_leaves_the_old_one_and_no_half_one(filled, saved, tmp_path) -> None:
    old = saved.read_bytes()
    with filled.begin() as tx:
        tx.exec_driver_sql("UPDATE alembic_version SET version_num = 'other'")
    if filled.dialect.name == "sqlite":
        filled.dispose()
        Path(str(filled.url.database)).write_bytes(b"no database" * 1000)
    with pytest.raises(StorageError, match="backup failed"):
        backup(filled, saved)
    assert saved.read_bytes() == old
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]


@pytest.mark.parametrize("spoil", ["half", "foreign", "nothing", "newer"])
def test_a_file_that_is_no_whole_backup_is_refused_and_the_target_keeps_its_rows(spoil, saved, database) -> None:
    target = open_engine(database)
    before = content(target)
    if spoil == "half":
        saved.write_bytes(saved.read_bytes()[: saved.stat().st_size // 2])
    elif spoil == "foreign":
        saved.unlink()
        with closing(sqlite3.connect(saved, isolation_level=None)) as other:
            other.execute("CREATE TABLE notes (text TEXT)")
    elif spoil == "nothing":
        saved.unlink()
    else:
        with closing(sqlite3.connect(saved, isolation_level=None)) as newer:
            newer.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StorageError):
        restore(saved, database, overwrite=True)
    assert content(target) == before
    target.dispose()


def test_a_target_with_news_is_kept_unless_overwriting_is_asked_for(saved, filled, database) -> None:
    with pytest.raises(StorageError, match="--overwrite"):
        restore(saved, database)
    with filled.begin() as tx:
        tx.execute(update(metadata.tables["articles"]).values(title="changed"))
    restore(saved, database, overwrite=True)
    assert "changed" not in {row[6] for row in content(filled)["articles"]}


def test_a_restore_that_breaks_off_half_way_changes_nothing(saved, filled, database) -> None:
    with closing(sqlite3.connect(saved, isolation_level=None)) as spoiled:
        spoiled.execute("PRAGMA writable_schema=1")
        spoiled.execute(
            "UPDATE sqlite_master SET sql = replace(sql, 'subject VARCHAR(64) NOT NULL', 'subject VARCHAR(64)')"
        )
    with closing(sqlite3.connect(saved, isolation_level=None)) as spoiled:
        spoiled.execute("UPDATE deliveries SET subject = NULL")
    before = content(filled)
    with pytest.raises(StorageError, match="Nothing was changed"):
        restore(saved, database, overwrite=True)
    assert content(filled) == before


def test_a_database_in_use_is_not_overwritten(saved, filled, database) -> None:
    with filled.begin() as tx:
        now = datetime.now(UTC)
        hold_lease(tx, "sender", holder="box:1:2", now=now, until=now + timedelta(minutes=1))
    with pytest.raises(StorageError, match="box:1:2 works on this database"):
        restore(saved, database, overwrite=True)


def test_a_damaged_file_is_put_aside_by_a_restore(saved, tmp_path) -> None:
    damaged = tmp_path / "live.sqlite3"
    damaged.write_bytes(b"SQLite format 3\0" + b"x" * 9000)
    restore(saved, f"sqlite:///{damaged}", overwrite=True)
    (aside,) = tmp_path.glob("damaged-*-live.sqlite3")
    assert aside.stat().st_size == 9016
    engine = open_engine(f"sqlite:///{damaged}")
    assert len(content(engine)["articles"]) == 20
    engine.dispose()
