"""The exception tree: every expected failure that stops what the user asked for.

A source that is down or a chat that blocked the bot is not an exception but a value that is stored and shown.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong, where it is, and what to do about it."""

    place: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.place}: {self.problem}. {self.remedy}"


class StraitwatchError(Exception):
    """An expected failure whose text is shown to the user as it is; the command ends with `exit_code`."""

    exit_code = 1


class ConfigurationError(StraitwatchError):
    """The start is refused; carries all faults at once so that they can be mended in one go."""

    exit_code = 2

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


class StorageError(StraitwatchError):
    """The database cannot be used as it is: wrong address, newer schema, corrupt file, full or read-only disk."""

    exit_code = 2


class NotFoundError(StraitwatchError):
    """The thing that a command names does not exist."""


class InputError(StraitwatchError):
    """What the user gave cannot be read; the text names the place and the remedy."""

    exit_code = 2
