"""What is remembered of a source between two polls: validators, a kind's state, the figures of its health. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

CUT = "cut_off"  # in `state`: the last answer ended in the middle
NO_ITEMS = "no items, although there were some before"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceMemory:
    """One row of the table `sources` without what the catalog says.

    `state` holds JSON-ready values: a kind's cursor under `kind`, the polling's own notes under other names.
    `moved_url` is the address to poll where the catalog's has moved for good. `mean_gap_seconds` is the mean time
    between two polls that brought something new, the source's habit.
    """

    enabled: bool = True
    paused_reason: str = ""
    moved_url: str = ""
    etag: str = ""
    last_modified: str = ""
    state: Mapping[str, object] = field(default_factory=dict)
    next_poll_at: datetime | None = None
    first_polled_at: datetime | None = None  # the first poll that succeeded
    last_polled_at: datetime | None = None
    last_success_at: datetime | None = None
    last_new_at: datetime | None = None
    newest_item_at: datetime | None = None  # the latest date of an item, however old
    last_full_at: datetime | None = None  # the last poll without validators that succeeded
    last_status: str = ""
    error_streak: int = 0
    polls: int = 0
    items_seen: int = 0
    items_new: int = 0
    items_undated: int = 0
    mean_gap_seconds: float = 0.0
    silence_reported_at: datetime | None = None

    @property
    def habit(self) -> timedelta | None:
        """Give the usual time between two news, or None while too little is known."""
        return timedelta(seconds=self.mean_gap_seconds) if self.mean_gap_seconds > 0 else None

    @property
    def undated_share(self) -> float:
        """Give the share of items without a date, 0 to 1."""
        return self.items_undated / self.items_seen if self.items_seen else 0.0


def was_cut(memory: SourceMemory) -> bool:
    """Tell whether the last answer with items ended in the middle, so that there was more than was read."""
    return memory.state.get(CUT) is True
