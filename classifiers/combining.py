"""How the model and a word-for-word reading settle direction and stage together. Pure; plain values in and out.

The constants come from a grid over out-of-fold predictions for the training news; between settings that tied there, the
development news decided (`docs/model-card.md`, section Attributes).
"""

import math
from collections.abc import Mapping
from typing import Final

LEAN_PULL: Final = 0.3
"""Log-odds that one vote of the rules adds to its direction."""
LEAN_LIMIT: Final = 4.0
"""Votes beyond this many add nothing."""
EASING_HANDICAP: Final = 1.4
"""Log-odds in favour of easing, which the training news holds three times as rarely as tightening."""
CLEAR: Final = 0.8
"""Below this distance in log-odds between tightening and easing the answer is `unclear`."""
MIXED_SHARE: Final = 0.5
"""The model's share from which an item is `mixed`; half of it is enough where the rules say so too."""
STAGE_PULL: Final = 0.1
"""How much share a stage cue adds to the model's share of that stage."""


def combine_direction(shares: Mapping[str, float], lean: float = 0.0, *, mixed: bool = False) -> str:
    """Return tightening, easing, mixed or unclear from the model's shares and the votes of the rules.

    `lean` is the rules' signed sum of votes (positive tightens, 0 for none); `mixed` tells that they read both.
    """
    if shares["mixed"] >= MIXED_SHARE * (0.5 if mixed else 1.0):
        return "mixed"
    odds = math.log(max(shares["easing"], 1e-6) / max(shares["tightening"], 1e-6)) + EASING_HANDICAP
    odds -= LEAN_PULL * min(max(lean, -LEAN_LIMIT), LEAN_LIMIT)
    if abs(odds) < CLEAR:
        return "unclear"
    return "easing" if odds > 0 else "tightening"


def combine_stage(shares: Mapping[str, float], cue: str = "") -> str:
    """Return the stage from the model's shares and the rules' stage ("" or "none" for no cue)."""
    pulled = dict(shares)
    if cue in pulled and cue != "none":
        pulled[cue] += STAGE_PULL
    return max(pulled, key=lambda name: pulled[name])
