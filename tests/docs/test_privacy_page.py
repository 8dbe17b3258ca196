"""docs/privacy.md names everything that is stored, and /deleteme erases every table that knows a chat."""

from pathlib import Path

from bot.settings import Settings
from bot.storage import chats
from bot.storage.schema import metadata

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "privacy.md").read_text(encoding="utf-8")


def test_every_table_stands_on_the_page() -> None:
    assert [name for name in metadata.tables if f"`{name}`" not in PAGE] == []


def test_the_retention_on_the_page_is_the_default() -> None:
    assert f"`STRAITWATCH_RETENTION_DAYS` ({Settings.model_fields['retention_days'].default})" in PAGE


def test_every_table_with_rows_of_a_chat_is_erased_with_the_chat() -> None:
    owned = {table.name for table in metadata.sorted_tables if "chat_key" in table.c}
    assert owned == {table.name for table in chats._OF_CHAT}
