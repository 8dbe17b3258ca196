"""Tell in which language a text is written, cheaply: English is seen by its small words, the rest asks py3langid."""

import re
import threading
from functools import cached_property
from typing import Any

ENGLISH = "en"
# Words of English that no other language with Latin letters spells the same and uses as often.
_SMALL_WORDS = frozenset(
    {
        *("the", "of", "and", "with", "after", "from", "says", "said", "its", "amid", "against", "have", "this"),
        *("that", "who", "how", "why", "about", "into", "more", "than", "his", "but", "new", "over", "for", "to"),
        *("as", "by", "on"),
    }
)
_TAKEN_FOR_ENGLISH = frozenset({"pcm"})  # Nigerian Pidgin: what headlines full of names and verbs are mistaken for
_WORD = re.compile(r"[a-z]+")
_READ = 400  # characters of title and lede that are looked at
_SURE = 0.5  # below this confidence a text without small words counts as English: names alone look like anything


class LanguageReader:
    """Names the language of texts; py3langid is loaded (0.6 s, 40 MB) at the first text that is not plainly English."""

    def __init__(self) -> None:
        self._opening = threading.Lock()

    def language_of(self, title: str, body: str = "") -> str:
        """Return an ISO 639-1 code; `en` in doubt. Never raises on any text."""
        text = f"{title} {body[:_READ]}"[:_READ]
        if len(_SMALL_WORDS.intersection(_WORD.findall(text.lower()))) >= 2 or not any(map(str.isalpha, text)):
            return ENGLISH
        with self._opening:  # else each thread of a busy start loads it for itself
            identifier = self._identifier
        code, confidence = identifier.classify(text.encode("utf-8", "replace").decode("utf-8"))
        return ENGLISH if confidence < _SURE or code in _TAKEN_FOR_ENGLISH else str(code)

    @cached_property
    def _identifier(self) -> Any:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415 - loaded only when needed

        return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
