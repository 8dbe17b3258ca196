"""How the model and a word-for-word reading settle direction and stage together. Pure; plain strings in and out.

The weights were chosen on the training news by out-of-fold predictions (`docs/model-card.md`, section Attributes).
"""

from collections.abc import Mapping
from typing import Final

CUE_PULL: Final = 0.35
"""How much share a rule's direction of full weight adds to the model's share of that direction."""
STAGE_PULL: Final = 0.25
"""How much share a stage cue adds to the model's share of that stage."""
CLEAR_SHARE: Final = 0.45
"""Below this combined share for the best direction the answer is `unclear`."""


def combine_direction(shares: Mapping[str, float], cue: str = "", cue_weight: float = 1.0) -> str:
    """Return tightening, easing, mixed or unclear from the model's shares and what the rules read.

    `cue` is the rules' direction ("" or "unclear" for none), `cue_weight` in [0, 1] how sure they are.
    """
    pulled = dict(shares)
    if cue in pulled and cue != "unclear":
        pulled[cue] += CUE_PULL * min(max(cue_weight, 0.0), 1.0)
    unclear = pulled.pop("unclear", 0.0)
    best = max(pulled, key=lambda name: pulled[name])
    return best if pulled[best] >= CLEAR_SHARE * (sum(pulled.values()) + unclear) else "unclear"


def combine_stage(shares: Mapping[str, float], cue: str = "") -> str:
    """Return the stage from the model's shares and the rules' stage ("" for none)."""
    pulled = dict(shares)
    if cue in pulled:
        pulled[cue] += STAGE_PULL
    return max(pulled, key=lambda name: pulled[name])
