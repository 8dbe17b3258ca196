"""Our answers against SQLite's full-text search, on the syntax that both know."""

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.query import Document, evaluate, parse

WORDS = ["alpha", "beta", "gamma", "alphabet", "delta", "beta2", "x1"]
TERMS = st.one_of(
    st.sampled_from(WORDS).map(lambda word: (word, word)),
    st.sampled_from(["alph", "be", "gam", "x1"]).map(lambda stem: (f"{stem}*", f"{stem}*")),
    st.lists(st.sampled_from(WORDS), min_size=2, max_size=3).map(
        lambda words: (f'"{" ".join(words)}"', f'"{" ".join(words)}"')
    ),
    st.tuples(st.permutations(WORDS), st.integers(0, 6)).map(
        # NEAR takes any order and counts the words between; we charge two for the wrong order
        lambda drawn: (
            f'("{drawn[0][0]} {drawn[0][1]}"~{drawn[1]} OR "{drawn[0][1]} {drawn[0][0]}"~{drawn[1]})',
            f"NEAR({drawn[0][0]} {drawn[0][1]}, {drawn[1]})",
        )
    ),
    st.sampled_from(WORDS).map(lambda word: (f"title:{word}", f"title:{word}")),
)


def joined(children):
    pair = st.tuples(children, children)
    return st.one_of(
        pair.map(lambda p: (f"({p[0][0]} AND {p[1][0]})", f"({p[0][1]} AND {p[1][1]})")),
        pair.map(lambda p: (f"({p[0][0]} {p[1][0]})", f"({p[0][1]} AND {p[1][1]})")),
        pair.map(lambda p: (f"({p[0][0]} OR {p[1][0]})", f"({p[0][1]} OR {p[1][1]})")),
        pair.map(lambda p: (f"({p[0][0]} -{p[1][0]})", f"({p[0][1]} NOT {p[1][1]})")),
    )


QUERIES = st.recursive(TERMS, joined, max_leaves=6)
TEXTS = st.lists(st.sampled_from([*WORDS, "Alpha,", "(beta)", "GAMMA.", "-", "alpha-beta"]), max_size=12).map(" ".join)


@pytest.fixture(scope="module")
def engine():
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute("CREATE VIRTUAL TABLE page USING fts5(title, body)")
    except sqlite3.OperationalError:
        pytest.skip("this SQLite has no FTS5")
    yield connection
    connection.close()


@given(QUERIES, TEXTS, TEXTS)
def test_both_engines_agree(engine, query, title, body):
    ours, theirs = query
    engine.execute("DELETE FROM page")
    engine.execute("INSERT INTO page VALUES (?, ?)", (title, body))
    expected = engine.execute("SELECT count(*) FROM page WHERE page MATCH ?", (theirs,)).fetchone()[0]
    document = Document.of(title=title, text=body, fields={})
    assert (evaluate(parse(ours, sense=False), document) is not None) is bool(expected)
