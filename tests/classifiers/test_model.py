import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers import running, storing
from classifiers.errors import ModelError
from classifiers.model import Item, load
from classifiers.taxonomy import DIRECTIONS, STAGES, TOPICS

NAUGHTY = [
    "",
    " ",
    "\x00\x01\xff",
    "\ud800 lone surrogate",
    "A" * 1_000_000,
    "<div>" * 5000,
    "CHINA BANS EXPORTS!!!",
    "🚢🔥🚫 port closed 🚫",
    "商务部公告 对镓锗实施出口管制 export ban",
    "-" * 400 + " | x",
]


@pytest.mark.parametrize("text", NAUGHTY, ids=range(len(NAUGHTY)))
def test_any_text_gets_an_assessment(taught, text):
    (prediction,) = taught.predict([Item(title=text, body=text)])
    assert 0 <= prediction.probability <= 1
    taught.explain(Item(title=text, body=text))


@given(st.lists(st.tuples(st.text(), st.text()), max_size=4))
def test_a_batch_gives_what_its_items_give_alone(taught, texts):
    items = [Item(title=t, body=b) for t, b in texts]
    together = taught.predict(items)
    assert [p.probability for p in together] == pytest.approx(
        [taught.predict([i])[0].probability for i in items], abs=1e-6
    )


def test_a_prediction_names_every_label_and_shares_sum_to_one(taught):
    (prediction,) = taught.predict([Item(title="Ministry suspends export licences")])
    assert (tuple(prediction.topics), tuple(prediction.directions), tuple(prediction.stages)) == (
        tuple(TOPICS),
        DIRECTIONS,
        STAGES,
    )
    assert sum(prediction.directions.values()) == pytest.approx(1)
    assert sum(prediction.stages.values()) == pytest.approx(1)


def test_an_empty_batch_gives_nothing(taught):
    assert taught.predict([]) == []


def test_news_of_the_subject_is_likelier_than_gossip(taught):
    news, gossip = taught.predict(
        [Item(title="Port strike shuts terminal"), Item(title="Singer announces summer tour")]
    )
    assert news.probability > taught.threshold > gossip.probability


def test_explanation_names_words_of_the_text_strongest_first(taught):
    terms = taught.explain(Item(title="Ministry suspends export licences"), top=3)
    assert len(terms) == 3
    assert [abs(t.weight) for t in terms] == sorted((abs(t.weight) for t in terms), reverse=True)
    assert all(t.text in "ministry suspends export licences" for t in terms)


def test_a_saved_model_predicts_the_same(taught, tmp_path):
    item = Item(title="Union lifts sanctions on banks")
    again = load(taught.save(tmp_path))
    assert again.predict([item])[0].probability == pytest.approx(taught.predict([item])[0].probability, abs=1e-6)
    assert again.version == taught.version


def test_the_same_lesson_gives_the_same_file(examples, taught, tmp_path):
    again = running.teach(running.Lesson(examples=examples), now=datetime(2026, 1, 5, tzinfo=UTC))
    assert again.save(tmp_path / "a").read_bytes() == taught.save(tmp_path / "b").read_bytes()


def test_signals_move_the_probability(examples):
    model = running.teach(
        running.Lesson(examples=examples),
        now=datetime(2026, 1, 5, tzinfo=UTC),
        signals=lambda title, _: ("topic:sanctions",) if "sanctions" in title else (),
    )
    plain, told = model.predict([Item(title="A headline"), Item(title="A headline", signals=("topic:sanctions",))])
    assert told.probability > plain.probability
    assert model.explain(Item(title="A headline", signals=("topic:sanctions",)))[0].text == "topic:sanctions"


@pytest.fixture
def saved(taught, tmp_path) -> Path:
    return taught.save(tmp_path)


def test_a_missing_file_names_place_and_remedy(tmp_path):
    with pytest.raises(ModelError, match="train again"):
        load(tmp_path / "none.npz")


def test_a_missing_sidecar_is_refused(saved):
    saved.with_suffix(".json").unlink()
    with pytest.raises(ModelError, match="sidecar cannot be read"):
        load(saved)


@pytest.mark.parametrize("content", ["{", "[]", "\x80"])
def test_a_broken_sidecar_is_refused(saved, content):
    saved.with_suffix(".json").write_bytes(content.encode("latin-1"))
    with pytest.raises(ModelError, match="sidecar is not"):
        load(saved)


def test_a_flipped_byte_is_refused_before_anything_is_read(saved):
    content = bytearray(saved.read_bytes())
    content[len(content) // 2] ^= 1
    saved.write_bytes(content)
    with pytest.raises(ModelError, match="SHA-256"):
        load(saved)


def forged(path, content=None, **changes):
    import hashlib

    if content is not None:
        path.write_bytes(content)
    card = json.loads(path.with_suffix(".json").read_text())
    card |= {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), **changes}
    path.with_suffix(".json").write_text(json.dumps(card))


def test_another_format_is_refused(saved):
    forged(saved, format=99)
    with pytest.raises(ModelError, match="format 99"):
        load(saved)


def test_another_label_set_is_refused(saved):
    forged(saved, heads=["relevance"])
    with pytest.raises(ModelError, match="another set of labels"):
        load(saved)


def test_a_file_that_is_no_archive_is_refused(saved):
    forged(saved, b"not a zip")
    with pytest.raises(ModelError, match="not a model archive"):
        load(saved)


def test_pickled_objects_are_never_run(saved, tmp_path):
    class Trap:
        def __reduce__(self):
            return (tmp_path.joinpath("owned").touch, ())

    np.savez(saved, blocks=np.array([Trap()], dtype=object), intercepts=np.zeros(1))
    forged(saved)
    with pytest.raises(ModelError, match="not a model archive"):
        load(saved)
    assert not (tmp_path / "owned").exists()


def test_an_archive_without_its_parts_is_refused(saved):
    np.savez(saved, intercepts=np.zeros(27))
    forged(saved)
    with pytest.raises(ModelError, match="parts are missing"):
        load(saved)


def test_the_folder_names_the_version_in_use_and_rolls_back(taught, saved, tmp_path):
    storing.use(tmp_path, taught.version)
    assert load(tmp_path).version == taught.version
    assert [card["version"] for card in storing.versions(tmp_path)] == [taught.version]
    with pytest.raises(ModelError):
        storing.use(tmp_path, "never-made")
    assert storing.current(tmp_path) == taught.version


def test_a_pointer_out_of_the_folder_is_refused(tmp_path):
    (tmp_path / "CURRENT").write_text("../elsewhere")
    with pytest.raises(ModelError, match="names no version"):
        load(tmp_path)


def test_the_shipped_model_loads_and_flags_a_plain_case():
    model = load()
    news, gossip = model.predict(
        [
            Item(
                title="China imposes export ban on gallium and germanium",
                body="The commerce ministry said licences are needed.",
            ),
            Item(title="Ten recipes for a quick dinner"),
        ]
    )
    assert news.probability > gossip.probability
    assert 0 < model.threshold < 1
