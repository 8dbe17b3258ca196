"""What a simple thing would achieve on the same items: word lists, naive Bayes, plain regressions. Deterministic.

The word lists follow the idea of published indices, in our own words: geopolitical risk (Caldara and Iacoviello 2022)
counts threats and acts of war, trade policy uncertainty (Caldara et al. 2020) a trade term with one of uncertainty.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from classifiers.corpus import Example
from classifiers.evaluation import Scored
from classifiers.wording import clean_body, clean_title

_KEYWORDS: Final = re.compile(
    r"\b(?:export (?:controls?|curbs?|bans?|licen[cs]\w+|restrictions?)|entity list|sanction(?:s|ed)|tariffs?"
    r"|embargo(?:es)?|anti-?dumping|countervailing|import bans?|trade (?:deal|war|talks|truce)|rare earths?"
    r"|critical minerals?|supply chains?|force majeure|shortages?|port (?:strike|closure)|suez|hormuz|red sea|blockade"
    r"|reshor\w+|forced labou?r|cfius|blacklist\w*|(?:chip|semiconductor) (?:ban|curbs?|shortage))\b"
)
_GPR: Final = re.compile(
    r"\b(?:wars?|military|invasion|invade\w*|missiles?|nuclear|terror\w*|troops|conflict|attacks?|bomb\w*"
    r"|air ?strikes?|hostilit\w+|geopolitical|threat\w*|tensions?|coup|blockade|escalat\w+)\b"
)
_TRADE: Final = re.compile(
    r"\b(?:tariffs?|import (?:dut\w+|bans?|barriers?)|export (?:bans?|controls?|tax\w*)|quotas?|dumping"
    r"|trade (?:polic\w+|wars?|deals?|agreements?|talks|disputes?|tensions?)|protectionis\w+|wto|nafta|usmca)\b"
)
_UNCERTAIN: Final = re.compile(
    r"\b(?:uncertain\w*|risks?|threat\w*|may|might|could|potential\w*|fears?|worr\w+|concern\w*|dispute\w*|unclear"
    r"|tensions?|doubts?)\b"
)
Encoder = Callable[[Sequence[str]], NDArray[np.float32]]


def text_of(example: Example) -> str:
    """Return the cleaned title and body as one text."""
    return f"{clean_title(example.title)}. {clean_body(example.body)}"


def word_lists(examples: Sequence[Example]) -> dict[str, Scored]:
    """Return the baselines that need no training."""
    texts = [text_of(example) for example in examples]
    trade = _hits(_TRADE, texts)
    never = np.zeros(len(texts))
    tpu = np.minimum(trade, _hits(_UNCERTAIN, texts))
    return {
        "never alert": Scored(scores=never, flags=never),
        "keyword rules": _by_hits(_hits(_KEYWORDS, texts)),
        "GPR-style list": _by_hits(_hits(_GPR, texts)),
        "TPU-style list": _by_hits(tpu),
    }


def trained(
    teaching: Sequence[Example], examples: Sequence[Example], encoder: Encoder | None = None
) -> dict[str, Scored]:
    """Fit the textbook models on `teaching` and score `examples`; each flags at its own probability of 0.5.

    With an `encoder` (texts to rows of an embedding) a regression over its sentence vectors is added.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415 -- half a second, only here
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    from sklearn.naive_bayes import ComplementNB  # noqa: PLC0415

    known = [example for example in teaching if example.relevant is not None]
    labels = np.array([int(bool(example.relevant)) for example in known])
    old, new = [text_of(example) for example in known], [text_of(example) for example in examples]
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2)
    rows, targets = vectorizer.fit_transform(old), vectorizer.transform(new)
    result = {
        "TF-IDF + complement NB": _at_half(ComplementNB().fit(rows, labels), targets),
        "TF-IDF + LR at 0.5": _at_half(LogisticRegression(solver="liblinear").fit(rows, labels), targets),
    }
    if encoder is not None:
        dense = LogisticRegression(solver="liblinear", C=5).fit(encoder(old), labels)
        result["embedding + LR"] = _at_half(dense, encoder(new))
    return result


def _hits(pattern: re.Pattern[str], texts: Sequence[str]) -> NDArray[np.float64]:
    return np.array([float(len(set(pattern.findall(text.lower())))) for text in texts])


def _by_hits(hits: NDArray[np.float64]) -> Scored:
    return Scored(scores=hits, flags=(hits > 0).astype(float))


def _at_half(model: Any, rows: Any) -> Scored:
    scores = model.predict_proba(rows)[:, 1]
    return Scored(scores=scores, flags=(scores >= 0.5).astype(float))
