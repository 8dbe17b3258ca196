import gzip
import json

import pytest

from classifiers import corpus
from classifiers.errors import CorpusError

GOOD = {
    "id": "x0001",
    "title": "Ministry suspends gallium export licences",
    "body": "",
    "relevant": True,
    "topics": ["export_control"],
    "direction": "tightening",
    "stage": "announced",
    "kind": "wire",
    "family": "",
    "note": "licence stop",
}


def written(folder, *records):
    path = folder / "part.jsonl"
    path.write_text("\n".join(r if isinstance(r, str) else json.dumps(r) for r in records) + "\n", encoding="utf-8")
    return path


def test_a_good_line_becomes_an_example(tmp_path):
    written(tmp_path, GOOD)
    (example,) = corpus.load(tmp_path)
    assert (example.relevant, example.topics, example.group, example.chance) == (True, ("export_control",), "own", 1.0)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"topics": ["cheese"]}, "topic 'cheese'"),
        ({"topics": []}, "one to three topics"),
        ({"topics": ["sanctions", "sanctions"]}, "stands twice"),
        ({"direction": "up"}, "direction 'up'"),
        ({"stage": ""}, "stage ''"),
        ({"kind": "tv"}, "kind 'tv'"),
        ({"relevant": "yes"}, "relevant must be true or false"),
        ({"relevant": False}, "has no topics"),
        ({"relevant": False, "topics": [], "direction": "", "stage": ""}, "family ''"),
        ({"title": " "}, "must not be empty"),
        ({"body": None}, "body must be text"),
        ({"surprise": 1}, "keys missing or unknown: surprise"),
    ],
)
def test_a_faulty_line_is_named_with_file_and_line(tmp_path, change, complaint):
    path = written(tmp_path, GOOD, {**GOOD, "id": "x0002", **change})
    with pytest.raises(CorpusError) as caught:
        corpus.load(tmp_path)
    assert str(caught.value).startswith(f"{path}:2: ")
    assert complaint in str(caught.value)


@pytest.mark.parametrize("line", ["{", "[1]", "null"])
def test_a_line_that_is_no_object_is_named(tmp_path, line):
    path = written(tmp_path, GOOD, line)
    with pytest.raises(CorpusError, match=r"part\.jsonl:2: not"):
        corpus.load(tmp_path)
    assert path.exists()


def test_bytes_that_are_not_utf8_are_named(tmp_path):
    path = tmp_path / "part.jsonl"
    path.write_bytes(b"\xff\xfe\n")
    with pytest.raises(CorpusError, match=r"part\.jsonl:1: not UTF-8"):
        corpus.load(tmp_path)


def test_an_id_that_stands_twice_names_both_places(tmp_path):
    path = written(tmp_path, GOOD, GOOD)
    with pytest.raises(CorpusError, match=f"{path}:2: id 'x0001' stands already at {path}:1"):
        corpus.load(tmp_path)


def test_an_empty_folder_is_an_error_that_names_it(tmp_path):
    with pytest.raises(CorpusError, match="no corpus file"):
        corpus.load(tmp_path)


def test_news_lines_may_lack_fields_or_carry_null(tmp_path):
    lines = [
        {"title": "Port closed", "relevant": "1"},
        {
            "id": 7,
            "title": "x",
            "summary": None,
            "topics": None,
            "direction": None,
            "stage": "-",
            "w": None,
            "relevant": "0",
        },
        {"id": "c", "title": "y", "url": "http://[bad", "source": "s", "relevant": "?"},
    ]
    first, second, third = corpus.load_news(written(tmp_path, *lines))
    assert (first.relevant, second.relevant, third.relevant) == (True, False, None)
    assert (second.stands_for, second.direction, third.group, third.chance) == (1.0, "", "s", 0.5)


def test_gzipped_news_is_read(tmp_path):
    path = tmp_path / "news.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps({"id": "a", "title": "t", "relevant": "1", "w": 3}).encode()))
    assert corpus.load_news(path)[0].stands_for == 3.0


@pytest.mark.parametrize(
    ("record", "complaint"),
    [
        ({"title": "t", "relevant": "maybe"}, "relevant 'maybe'"),
        ({"title": "t", "relevant": "1", "w": -1}, "w must be a number"),
        ({"title": "t", "relevant": "1", "w": "many"}, "w must be a number"),
        ({"title": "", "summary": "", "relevant": "1"}, "neither title nor summary"),
        ({"title": 4, "relevant": "1"}, "title must be text"),
        ({"title": "t", "relevant": "1", "topics": "sanctions"}, "topics must be a list"),
    ],
)
def test_faulty_news_is_named_with_file_and_line(tmp_path, record, complaint):
    with pytest.raises(CorpusError, match=r"part\.jsonl:1: ") as caught:
        corpus.load_news(written(tmp_path, record))
    assert complaint in str(caught.value)


def test_publishers_are_grouped_by_the_end_of_their_domain():
    assert corpus.publisher({"url": "https://news.example.com/a"}) == corpus.publisher({"url": "http://example.com"})
    assert corpus.publisher({"source": "Somebody"}) == "Somebody"


def test_teacher_labels_join_a_pool_by_id(tmp_path):
    labels = tmp_path / "labels.jsonl"
    labels.write_text('{"id": "a", "p": 0.9}\n', encoding="utf-8")
    pool = written(tmp_path, {"id": "a", "title": "t"}, {"id": "b", "title": "u"})
    (example,) = corpus.load_taught(pool, labels)
    assert (example.id, example.chance, example.relevant, example.group) == ("a", 0.9, None, "taught")


def test_a_teacher_label_that_is_no_probability_is_named(tmp_path):
    labels = tmp_path / "labels.jsonl"
    labels.write_text('{"id": "a", "p": 2}\n', encoding="utf-8")
    with pytest.raises(CorpusError, match=r"labels\.jsonl:1: p must be a probability"):
        corpus.load_taught(written(tmp_path, {"id": "a", "title": "t"}), labels)
