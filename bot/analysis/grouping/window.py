"""The recent articles and their stories, indexed by rare terms: placing one more costs the same at any size. Pure.

An article is placed by average link: it joins the story to whose members it is most alike on average, if that reaches
`JOIN`. One look-alike member is not enough, so stories do not grow into chains. Two stories that an article proves to
be one are united by the same measure.
"""

import heapq
import math
from array import array
from collections.abc import Mapping
from datetime import datetime

from bot.analysis.grouping.placing import Placement
from bot.analysis.grouping.similarity import Member, is_copy, same_document, similarity, step_between
from bot.analysis.grouping.traits import Traits

JOIN = 0.27  # average similarity from which on an article belongs to a story; chosen with the weights in `traits`
FOLLOW = 0.16  # similarity from which on a recognised next step is linked to the earlier story
PRIOR = 1000  # articles that the rarity of a term assumes beyond the window, so that a young window has sane weights
# Caps that keep the cost flat: terms looked up, articles looked at for each, candidate articles and stories, members.
LOOKED_UP, PER_TERM, ARTICLES, COPIES, STORIES, COMPARED, UNITED = 10, 32, 32, 16, 8, 16, 8


class Window:
    """Articles by story, mutable; the caller guards it against concurrent use."""

    def __init__(self) -> None:
        self._members: dict[int, Member] = {}  # by slot, in order of arrival
        self._slots: dict[str, int] = {}  # article id -> slot
        self._story: dict[int, str] = {}  # slot -> story id
        # Tuples, since the garbage collector leaves tuples of numbers alone; they are short.
        self._stories: dict[str, tuple[int, ...]] = {}  # story id -> slots in order of arrival
        self._postings: dict[str, list[int]] = {}  # term -> slots, the newest last
        self._keys: dict[str, tuple[int, ...]] = {}  # bare headline or `i:` document -> slots
        self._before: dict[str, str] = {}  # story -> the story that it follows
        self._apart: set[frozenset[str]] = set()  # pairs that a user split
        self._next = 0
        self._last: tuple[str, list[tuple[float, str]]] = ("", [])  # article placed last, and the stories it is like

    def __len__(self) -> int:
        return len(self._members)

    def story_of(self, article_id: str) -> str | None:
        """Give the story of an article of the window."""
        slot = self._slots.get(article_id)
        return None if slot is None else self._story[slot]

    def place(self, traits: Traits) -> Placement:
        """Decide where an article belongs; changes nothing. One that is in the window already stays where it is."""
        known = self.story_of(traits.article_id)
        if known is not None:
            return Placement(story_id=known, why="known already", similarity=1.0)
        vector = self._vector(traits)
        slots = self._near(vector)
        certain = self._copied(traits, slots) or self._documented(traits)
        if certain:
            return certain
        ranked = self._ranked(vector, traits, slots)
        self._last = (traits.article_id, ranked)
        for score, story_id in ranked:
            if score < FOLLOW:
                break
            step = self._step(traits, story_id)
            if step:
                return Placement(story_id=None, follows=story_id, why=f"next step: {step}", similarity=score)
            if score >= JOIN:
                return Placement(story_id=story_id, why="reports the same event", similarity=score)
        return Placement(story_id=None, why="nothing alike", similarity=ranked[0][0] if ranked else 0.0)

    def add(self, story_id: str, traits: Traits, *, follows: str | None = None) -> None:
        """Put an article into a story; one that is known is moved there instead."""
        slot = self._slots.get(traits.article_id)
        if follows is not None:
            self._before[story_id] = follows
        if slot is not None:
            self.move(traits.article_id, story_id)
            return
        slot = self._next
        self._next += 1
        self._members[slot] = Member(traits=traits, unit=array("f", self._vector(traits).values()))
        self._slots[traits.article_id] = slot
        self._story[slot] = story_id
        self._stories[story_id] = (*self._stories.get(story_id, ()), slot)
        for term in traits.terms:
            self._postings.setdefault(term, []).append(slot)
        for key in _keys(traits):
            self._keys[key] = (*self._keys.get(key, ()), slot)

    def move(self, article_id: str, story_id: str) -> None:
        """Put an article that is in the window into another story; the order of arrival is kept."""
        slot = self._slots[article_id]
        if self._story[slot] != story_id:
            self._leave(slot)
            self._story[slot] = story_id
            self._stories[story_id] = tuple(sorted((*self._stories.get(story_id, ()), slot)))

    def keep_apart(self, one: str, other: str) -> None:
        """Never name these two stories as one again."""
        self._apart.add(frozenset((one, other)))

    def unions(self, story_id: str) -> tuple[str, ...]:
        """Name the stories that are one event with this one, by average link, now that its last article is in."""
        slots = self._stories.get(story_id, ())
        if len(slots) < 2:
            return ()
        found = []
        for score, other in self._like(self._members[slots[-1]]):
            if score < JOIN / 2:
                break
            if other == story_id or other not in self._stories:
                continue
            if self._link(story_id, other) >= JOIN and not self._kept_apart(story_id, other):
                found.append(other)
        return tuple(found)

    def unite(self, kept: str, gone: str) -> None:
        """Move all articles of one story into another."""
        for slot in self._stories.get(gone, ()):
            self.move(self._members[slot].traits.article_id, kept)
        if gone in self._before and self._before[gone] != kept:
            self._before.setdefault(kept, self._before[gone])
        self._before.pop(gone, None)
        for later, earlier in list(self._before.items()):
            if earlier == gone:
                self._before[later] = kept

    def forget(self, before: datetime) -> None:
        """Drop the articles from before a time, and the stories that have none left."""
        old = [slot for slot, member in self._members.items() if member.traits.at < before]
        terms = {term for slot in old for term in self._members[slot].traits.terms}
        for slot in old:
            self._drop(slot)
        for term in terms:
            self._trim(term)

    def _vector(self, traits: Traits) -> dict[str, float]:
        size = PRIOR + len(self._members)
        weighed = {}
        for term, weight in zip(traits.terms, traits.weights, strict=True):
            seen = len(self._postings.get(term, ()))
            weighed[term] = weight * math.log((1 + size) / (1 + min(seen, size)))
        norm = math.sqrt(sum(weight * weight for weight in weighed.values())) or 1.0
        return {term: weight / norm for term, weight in weighed.items()}

    def _like(self, newest: Member) -> list[tuple[float, str]]:
        """Give the stories that an article is like; those of the article placed last are at hand."""
        article_id, ranked = self._last
        if article_id != newest.traits.article_id:
            vector = newest.vector
            ranked = self._ranked(vector, newest.traits, self._near(vector))
        return ranked

    def _near(self, vector: Mapping[str, float]) -> list[int]:
        """Find the articles that share the heaviest terms, through the newest entries of each."""
        heaviest = sorted(vector.items(), key=lambda item: (-item[1], item[0]))[:LOOKED_UP]
        shared: dict[int, float] = {}
        for term, weight in heaviest:
            for slot in self._postings.get(term, ())[-PER_TERM:]:
                shared[slot] = shared.get(slot, 0.0) + weight * weight
        best = heapq.nlargest(ARTICLES, zip(shared.values(), shared, strict=True))
        return [slot for _, slot in best if slot in self._members]

    def _copied(self, traits: Traits, slots: list[int]) -> Placement | None:
        alike = [*self._keys.get(traits.key, ())[-COPIES:], *slots[:COPIES]] if traits.key else slots[:COPIES]
        copies = sorted({slot for slot in alike if is_copy(traits, self._members[slot].traits)})
        if not copies:
            return None
        first = copies[0]
        original = self._members[first].traits
        why = "edition of one publisher" if original.publisher == traits.publisher else "syndicated copy"
        return Placement(story_id=self._story[first], copy_of=original.article_id, why=why, similarity=1.0)

    def _documented(self, traits: Traits) -> Placement | None:
        for instrument in sorted({*traits.own, *traits.instruments}):
            for slot in reversed(self._keys.get(f"i:{instrument}", ())[-PER_TERM:]):
                other = self._members[slot].traits
                if same_document(traits, other) and not step_between(traits, other):
                    return Placement(story_id=self._story[slot], why=f"same document {instrument}", similarity=1.0)
        return None

    def _ranked(self, vector: Mapping[str, float], traits: Traits, slots: list[int]) -> list[tuple[float, str]]:
        names = list(dict.fromkeys(self._story[slot] for slot in slots))[:STORIES]
        scored = [(self._mean(vector, traits, name), name) for name in names]
        return sorted(scored, key=lambda pair: (-pair[0], pair[1]))

    def _mean(self, vector: Mapping[str, float], traits: Traits, story_id: str) -> float:
        slots = _sample(self._stories[story_id], COMPARED)
        return sum(similarity(vector, traits, self._members[slot]) for slot in slots) / len(slots)

    def _link(self, one: str, other: str) -> float:
        mine = _sample(self._stories[one], UNITED)
        total = 0.0
        for slot in mine:
            member = self._members[slot]
            vector = member.vector
            for against in _sample(self._stories[other], UNITED):
                total += similarity(vector, member.traits, self._members[against])
        return total / (len(mine) * len(_sample(self._stories[other], UNITED)))

    def _step(self, traits: Traits, story_id: str) -> str:
        """Name what most members of a story call a different step, or ""."""
        slots = _sample(self._stories[story_id], COMPARED)
        steps = [step for slot in slots if (step := step_between(traits, self._members[slot].traits))]
        return steps[0] if len(steps) * 2 > len(slots) else ""

    def _kept_apart(self, one: str, other: str) -> bool:
        if frozenset((one, other)) in self._apart:
            return True
        if other in self._before_all(one) or one in self._before_all(other):
            return True
        mine, yours = _sample(self._stories[one], UNITED), _sample(self._stories[other], UNITED)
        steps = sum(bool(step_between(self._members[a].traits, self._members[b].traits)) for a in mine for b in yours)
        return steps * 4 > len(mine) * len(yours)

    def _before_all(self, story_id: str) -> set[str]:
        found: set[str] = set()
        step = self._before.get(story_id)
        while step is not None and step not in found:
            found.add(step)
            step = self._before.get(step)
        return found

    def _leave(self, slot: int) -> None:
        story_id = self._story[slot]
        left = tuple(other for other in self._stories[story_id] if other != slot)
        if left:
            self._stories[story_id] = left
        else:
            del self._stories[story_id]

    def _trim(self, term: str) -> None:
        """Cut the dead entries off the front; one among the living waits until it is in front, and is passed over."""
        postings = self._postings[term]
        dead = next((count for count, slot in enumerate(postings) if slot in self._members), len(postings))
        del postings[:dead]
        if not postings:
            del self._postings[term]

    def _drop(self, slot: int) -> None:
        member = self._members.pop(slot)
        self._leave(slot)
        del self._story[slot], self._slots[member.traits.article_id]
        for key in _keys(member.traits):
            left = tuple(other for other in self._keys[key] if other != slot)
            if left:
                self._keys[key] = left
            else:
                del self._keys[key]
        if not self._members:
            self._before.clear()


def _sample(slots: tuple[int, ...], size: int) -> tuple[int, ...]:
    """Take a story's first articles, which say what it is about, and its newest."""
    return slots if len(slots) <= size else (*slots[: size // 4], *slots[-(size - size // 4) :])


def _keys(traits: Traits) -> list[str]:
    keys = [f"i:{instrument}" for instrument in sorted({*traits.own, *traits.instruments})]
    return [traits.key, *keys] if traits.key else keys
