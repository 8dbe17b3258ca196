"""Where the words of a phrase stand near each other. Pure.

The meaning is Lucene's: give each word the offset it has in the phrase, subtract it from where the word stands in the
text, and the phrase matches with slop n when the largest and the smallest difference are at most n apart. So 0 is the
exact phrase, and two neighbours in the wrong order need a slop of 2.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import islice

_MOST = 200  # occurrences marked per phrase and article: more would not be readable anyway


def occurrences(places: Sequence[Sequence[int]], slop: int, *, shared: bool) -> Iterator[tuple[int, ...]]:
    """Yield index tuples, one index per slot, that match with `slop`, at most 200.

    `places[i]` are the ascending indexes of the words that fill slot i. `shared` says that one word may fill two
    slots: then the indexes of a match must differ.
    """
    if any(not slot for slot in places):
        return
    pivot = min(range(len(places)), key=lambda slot: len(places[slot]))
    if slop == 0:
        matches = _exact(places, pivot)
    elif len(places) == 2 and not shared:
        matches = _pairs(places[0], places[1], slop)
    else:
        matches = _near(places, slop, shared=shared)
    yield from islice(matches, _MOST)


def _exact(places: Sequence[Sequence[int]], pivot: int) -> Iterator[tuple[int, ...]]:
    """Yield the exact phrases, starting from the rarest slot."""
    sets = [set(slot) for slot in places]
    size = len(places)
    for index in places[pivot]:
        start = index - pivot
        if all(start + offset in sets[offset] for offset in range(size)):
            yield tuple(range(start, start + size))


def _pairs(left: Sequence[int], right: Sequence[int], slop: int) -> Iterator[tuple[int, ...]]:
    """Yield every pair of two words close enough: the usual distance query."""
    for index in left:
        for other in right[bisect_left(right, index + 1 - slop) : bisect_right(right, index + 1 + slop)]:
            yield index, other


def _near(places: Sequence[Sequence[int]], slop: int, *, shared: bool) -> Iterator[tuple[int, ...]]:
    """Yield one match for each window of differences [low, low + slop] that starts at some word."""
    shifted = [[index - offset for index in slot] for offset, slot in enumerate(places)]
    for low in sorted({difference for slot in shifted for difference in slot}):
        options = []
        for offset, slot in enumerate(shifted):
            first, last = bisect_left(slot, low), bisect_right(slot, low + slop)
            if first == last:
                break
            options.append([difference + offset for difference in slot[first:last]])
        else:
            if not any(option[0] - offset == low for offset, option in enumerate(options)):
                continue
            chosen = _distinct(options) if shared else tuple(option[0] for option in options)
            if chosen is not None:
                yield chosen


def _distinct(options: Sequence[Sequence[int]]) -> tuple[int, ...] | None:
    """Return one different index per slot, or None (augmenting paths, so never exponential)."""
    owner: dict[int, int] = {}
    for slot in range(len(options)):
        if not _place(slot, options, owner, set()):
            return None
    chosen = {slot: index for index, slot in owner.items()}
    return tuple(chosen[slot] for slot in range(len(options)))


def _place(slot: int, options: Sequence[Sequence[int]], owner: dict[int, int], tried: set[int]) -> bool:
    for index in options[slot]:
        if index not in tried:
            tried.add(index)
            if index not in owner or _place(owner[index], options, owner, tried):
                owner[index] = slot
                return True
    return False
