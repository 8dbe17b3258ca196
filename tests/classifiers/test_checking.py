from classifiers import corpus
from classifiers.checking import check, counts, missing, near_duplicates, pattern, repeated_patterns
from classifiers.corpus import Example


def example(number, title, body="", **labels):
    return Example(
        id=f"x{number}", title=title, body=body, relevant=labels.pop("relevant", True), place=f"f:{number}", **labels
    )


def test_near_duplicates_are_found_and_name_both():
    one = "The ministry of trade stops all gallium exports to the United States from Monday next week"
    faults = near_duplicates(
        [example(1, one), example(2, one + " on"), example(3, "Quite another headline about ports")]
    )
    assert [str(f) for f in faults] == ["f:2: x2 is a near duplicate (0.93) of x1"]


def test_a_fourth_title_of_one_pattern_is_a_fault():
    places = ["Ruritania", "Borduria", "Syldavia", "Graustark"]
    titles = [f"Customs of {place} raise the duty on steel by {n}%" for n, place in enumerate(places)]
    assert len(repeated_patterns([example(i, t) for i, t in enumerate(titles)])) == 1


def test_a_pattern_blanks_names_and_numbers():
    assert pattern("China adds 12 firms of New York to list") == pattern("China adds 40 firms of Los Angeles to list")


def test_missing_counts_are_told():
    assert any("3000 promised" in f.text for f in missing([example(1, "a b c")]))


def test_counts_tell_lengths_and_labels():
    tally = counts(
        [example(1, "t", topics=("sanctions",), direction="easing"), example(2, "t", "a body", relevant=False)]
    )
    assert tally["topics"] == {"sanctions": 1}
    assert (tally["negatives"], tally["length"]) == (1, {"headline": 1, "lede": 1})


def test_the_shipped_corpus_is_readable_and_has_no_near_duplicates():
    assert [str(f) for f in near_duplicates(corpus.load())] == []


def test_the_shipped_corpus_keeps_its_promises():
    assert [str(f) for f in check(corpus.load())] == []
