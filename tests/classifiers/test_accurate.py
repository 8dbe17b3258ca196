import numpy as np
import pytest

from classifiers import seconding, storing
from classifiers.accurate import Accurate, load_accurate, save_second, text_of
from classifiers.encoder import available
from classifiers.errors import ModelError
from classifiers.model import Item

WORDS = ["sanctions", "tariff", "export", "port", "list", "singer", "club", "chips", "library", "phones", "film"]


def encode(texts):
    """Count telling words: a stand-in for the sentence encoder with its shape of answer."""
    return np.array([[t.lower().count(w) for w in WORDS] for t in texts], dtype=np.float32)


@pytest.fixture(scope="module")
def second(taught, examples):
    return seconding.teach_second(taught, examples, examples, encode, None)


def test_the_second_opinion_separates_what_it_has_learned(taught, second):
    model = Accurate(taught, second, encode)
    news, gossip = model.predict(
        [Item(title="Union lifts sanctions on banks"), Item(title="Film festival names its jury")]
    )
    assert news.probability > model.threshold > gossip.probability
    assert model.explain(Item(title="Union lifts sanctions"))


def test_hopeless_items_are_not_encoded(taught, second):
    def forbidden(_texts):
        raise AssertionError("encoded")

    never = Accurate(taught, second, forbidden)
    never._model.threshold, before = 1e9, never._model.threshold
    try:
        assert len(never.predict([Item(title="anything")])) == 1
    finally:
        never._model.threshold = before


def test_a_saved_second_opinion_is_the_same(taught, second, tmp_path):
    taught.save(tmp_path)
    storing.use(tmp_path, taught.version)
    save_second(tmp_path, second, base=taught.version, card={})
    items = [Item(title="Port strike shuts terminal"), Item(title="")]
    again = load_accurate(tmp_path, encode).predict(items)
    assert [p.probability for p in again] == pytest.approx(
        [p.probability for p in Accurate(taught, second, encode).predict(items)], abs=1e-3
    )


def test_a_second_opinion_fitted_to_another_model_is_refused(taught, second, tmp_path):
    taught.save(tmp_path)
    storing.use(tmp_path, taught.version)
    save_second(tmp_path, second, base="older", card={})
    with pytest.raises(ModelError, match="not fitted to"):
        load_accurate(tmp_path, encode)


def test_the_encoded_text_is_title_and_the_beginning_of_the_body():
    assert text_of(Item(title="T", body="b" * 400)) == "T. " + "b" * 250
    assert text_of(Item(title="T")) == "T"


@pytest.mark.skipif(not available(), reason="the sentence encoder is an optional extra")
def test_the_encoder_gives_one_vector_a_text_in_order():
    from classifiers.encoder import Encoder

    rows = Encoder("usem3")(["a much longer text about ports and tariffs", "", "short"])
    assert rows.shape == (3, 512)
    assert np.isfinite(rows).all()


def test_an_unknown_encoder_is_refused():
    from classifiers.encoder import Encoder

    with pytest.raises(ModelError, match="no encoder is called 'word2vec'"):
        Encoder("word2vec")
