"""Read the settings when a command needs them: pydantic takes a tenth of a second that `--help` does without."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.settings import Settings


def load_settings() -> "Settings":
    """Read the environment and `.env`; raises ConfigurationError with every fault.

    Whatever the command logs or fails with from here on shows none of their secrets.
    """
    from bot import settings
    from bot.redaction import process_redactor

    found = settings.load_settings()
    process_redactor().learn_all(found.secrets())
    return found
