from datetime import UTC, datetime

import numpy as np
import pytest

from classifiers import running
from classifiers.corpus import Example

POSITIVES = [
    ("Ministry suspends export licences for gallium", "export_control", "tightening", "announced"),
    ("Commerce adds chip makers to the entity list", "entity_listing", "tightening", "in_force"),
    ("Union lifts sanctions on two shipping banks", "sanctions", "easing", "announced"),
    ("President raises tariff on imported steel", "tariff_trade_measure", "tightening", "announced"),
    ("Dockers strike shuts container port", "logistics_disruption", "tightening", "none"),
    ("Regulator weighs limits on magnet exports, sources say", "critical_minerals", "tightening", "rumour"),
]
NEGATIVES = [
    "Singer announces summer tour of stadiums",
    "Striker scores twice as club wins derby",
    "Recipe: potato chips with sea salt",
    "Council opens library after renovation",
    "Five phones to buy this winter",
    "Film festival names its jury",
]
PLACES = ["Ruritania", "Borduria", "Syldavia", "Graustark", "Freedonia", "Sylvania"]


def examples():
    found = []
    for number, place in enumerate(PLACES):
        for title, topic, direction, stage in POSITIVES:
            found.append(
                Example(
                    id=f"p{number}{topic}",
                    title=f"{title} in {place}",
                    relevant=True,
                    topics=(topic,),
                    direction=direction,
                    stage=stage,
                )
            )
        found += [
            Example(id=f"n{number}{t[:6]}", title=f"{t} in {place}", relevant=False, family="lifestyle_culture")
            for t in NEGATIVES
        ]
    return found


@pytest.fixture(scope="session")
def taught():
    return running.teach(running.Lesson(examples=examples()), now=datetime(2026, 1, 5, tzinfo=UTC))


@pytest.fixture(name="examples", scope="session")
def _examples():
    return examples()


WORDS = ["sanctions", "tariff", "export", "port", "list", "singer", "club", "chips", "library", "phones", "film"]


def word_counts(texts):
    """Count telling words: a stand-in for the sentence encoder with its shape of answer."""
    return np.array([[t.lower().count(w) for w in WORDS] for t in texts], dtype=np.float32)
