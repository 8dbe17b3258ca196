"""Read the settings when a command needs them: pydantic takes a tenth of a second that `--help` does without."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.settings import Settings


def load_settings() -> "Settings":
    """Read the environment and `.env`; raises ConfigurationError with every fault."""
    from bot import settings

    return settings.load_settings()
