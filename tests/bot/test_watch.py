"""A watch starts even where its folder cannot be written to, as on a full disk."""

import io
from contextlib import AsyncExitStack

from rich.console import Console

from bot.app import House
from bot.settings import Settings
from bot.storage.database import open_engine
from bot.watch import Watch
from tests.fakes.one_round import WordAssessor


async def test_a_folder_that_cannot_be_written_to_does_not_stop_the_start(tmp_path):
    settings = Settings(_env_file=None, database_url=f"sqlite:///{tmp_path / 'x.sqlite3'}")
    engine = open_engine(settings.database_url)
    watch = Watch(
        House(settings=settings, engine=engine, sources=(), assessor=WordAssessor()), Console(file=io.StringIO())
    )
    watch._folder = tmp_path / "file"
    watch._folder.write_text("no folder", encoding="utf-8")
    async with AsyncExitStack() as stack:
        watch._leave_address(stack)
    engine.dispose()
