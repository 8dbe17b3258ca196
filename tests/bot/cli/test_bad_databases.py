"""A database that cannot be used is refused by every command: what is wrong, what to do, no traceback, exit code 2."""

import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from bot.storage.copies import backup
from bot.storage.database import open_engine
from bot.storage.upgrading import upgrade

SECRET = "hunter2hunter2"


@pytest.fixture
def straitwatch(straitwatch, monkeypatch, tmp_path):
    """Run the command on the database at an address."""
    monkeypatch.chdir(tmp_path)  # no .env of the developer's
    return lambda address, *arguments: straitwatch(*arguments, database_url=address)


def _made(path: Path) -> Path:
    engine = open_engine(f"sqlite:///{path}")
    upgrade(engine)
    engine.dispose()
    return path


COMMANDS = [("db", "upgrade"), ("db", "backup"), ("digest",), ("export", "--format", "atom")]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    ("address", "says"),
    [
        pytest.param("mysql://u@h/x", "unknown engine 'mysql'", id="other-engine"),
        pytest.param("nonsense", "not a database address", id="nonsense"),
        pytest.param(f"postgresql://u:{SECRET}@127.0.0.1:9/x", "accepts this user", id="server-away"),
        pytest.param("sqlite:////proc/no/such/x.sqlite3", "Make the file and its folder writable", id="no-folder"),
    ],
)
def test_an_address_that_leads_nowhere(straitwatch, address, says, command) -> None:
    code, output = straitwatch(address, *command)
    assert code == 2, output
    assert says in output
    assert "Traceback" not in output
    assert SECRET not in output


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_damaged_file(straitwatch, tmp_path, command) -> None:
    path = tmp_path / "x.sqlite3"
    path.write_bytes(b"SQLite format 3\0" + bytes(range(256)) * 64)
    before = path.read_bytes()
    code, output = straitwatch(f"sqlite:///{path}", *command)
    assert (code, "Traceback" in output) == (2, False), output
    assert "straitwatch db restore" in output or "backup failed" in output
    assert path.read_bytes() == before


def test_a_page_damaged_in_the_middle_is_found_by_a_backup_and_mended_by_a_restore(straitwatch, tmp_path) -> None:
    path = _made(tmp_path / "x.sqlite3")
    engine = open_engine(f"sqlite:///{path}")
    backup(engine, tmp_path / "good.sqlite3")
    engine.dispose()
    content = bytearray(path.read_bytes())
    content[4096 * 3 : 4096 * 9] = b"\xff" * 4096 * 6
    path.write_bytes(content)
    code, output = straitwatch(f"sqlite:///{path}", "db", "backup", str(tmp_path / "bad.sqlite3"))
    assert (code, (tmp_path / "bad.sqlite3").exists()) == (2, False), output
    code, output = straitwatch(f"sqlite:///{path}", "db", "restore", str(tmp_path / "good.sqlite3"), "--overwrite")
    assert code == 0, output
    assert straitwatch(f"sqlite:///{path}", "db", "upgrade")[0] == 0


def test_a_schema_of_a_newer_version(straitwatch, tmp_path) -> None:
    path = _made(tmp_path / "x.sqlite3")
    with closing(sqlite3.connect(path, isolation_level=None)) as newer:
        newer.execute("UPDATE alembic_version SET version_num = '9999'")
    code, output = straitwatch(f"sqlite:///{path}", "db", "upgrade")
    assert code == 2
    assert "schema 9999" in output
    assert "Install the newer Straitwatch" in output


def test_a_half_restored_backup(straitwatch, tmp_path) -> None:
    path = _made(tmp_path / "x.sqlite3")
    half = tmp_path / "half.sqlite3"
    half.write_bytes(path.read_bytes()[:20_000])
    code, output = straitwatch(f"sqlite:///{path}", "db", "restore", str(half), "--overwrite")
    assert (code, "Traceback" in output) == (2, False), output
    assert "Name a whole file that `straitwatch db backup` wrote" in output


def test_a_file_that_may_not_be_written(straitwatch, tmp_path_factory, monkeypatch) -> None:
    folder = tmp_path_factory.mktemp("readonly")
    path = _made(folder / "x.sqlite3")
    opened = [path.parent, *path.parents[1:4]]
    modes = {one: one.stat().st_mode for one in opened}
    for one in opened:
        one.chmod(0o755)
    monkeypatch.chdir(folder)
    path.chmod(0o444)
    folder.chmod(0o555)
    user = os.geteuid()
    try:
        if user == 0:
            os.seteuid(65534)  # root may write everywhere
        code, output = straitwatch(f"sqlite:///{path}", "db", "upgrade")
    finally:
        os.seteuid(user)
        for one, mode in modes.items():
            one.chmod(mode)
    assert (code, "Traceback" in output) == (2, False), output
    assert "Make the file and its folder writable" in output


@pytest.fixture
def tiny_disk(tmp_path):
    folder = tmp_path / "tiny"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=160k", "none", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a full disk can be made by root only")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk(straitwatch, tiny_disk) -> None:
    address = f"sqlite:///{tiny_disk}/x.sqlite3"
    code, output = straitwatch(address, "db", "upgrade")
    assert (code, "Traceback" in output) == (2, False), output
    assert "Free some disk space" in output


def test_a_backup_to_a_full_disk(straitwatch, tiny_disk, tmp_path) -> None:
    path = _made(tmp_path / "x.sqlite3")
    code, output = straitwatch(f"sqlite:///{path}", "db", "backup", str(tiny_disk / "b.sqlite3"))
    assert (code, "Traceback" in output) == (2, False), output
    assert "backup failed" in output
    assert list(tiny_disk.iterdir()) == []
