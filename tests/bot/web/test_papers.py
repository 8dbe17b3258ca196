"""Documents become blocks; what is not understood stays text."""

from hypothesis import given
from hypothesis import strategies as st

from bot.web.papers import read_paper, spans

PAPER = """# Title

First line
second line with `code`, **strong**, *soft* and [a link](https://host.example/x).

- one
  goes on
- two

| name | value |
|------|------:|
| a \\| b | 1 |

![chart](images/x.png)
```
raw | **text**
```
"""


def test_a_document_is_read_into_blocks():
    blocks = read_paper(PAPER)
    assert [block.kind for block in blocks] == ["heading", "paragraph", "list", "table", "paragraph", "code"]
    assert [run.kind for run in blocks[1].lines[0]] == [
        *("text", "code", "text", "strong", "text", "soft", "text", "link", "text"),
    ]
    assert [line[0].text for line in blocks[2].lines] == ["one goes on", "two"]
    assert [[cell[0].text for cell in row] for row in blocks[3].rows] == [["name", "value"], ["a | b", "1"]]
    assert blocks[4].lines[0][0].text == "chart"
    assert blocks[5].text == "raw | **text**"


def test_links_that_are_not_http_lose_their_address():
    assert [(run.kind, run.to) for run in spans("[a](javascript:x) [b](docs/x.md) [c](https://c.example)")] == [
        ("text", ""),
        ("text", ""),
        ("text", ""),
        ("text", ""),
        ("link", "https://c.example"),
    ]


@given(st.text(st.sampled_from("#-*`|[]()! \n_ax1.:<>\\"), max_size=300))
def test_any_document_is_read(text):
    for block in read_paper(text):
        assert block.kind in {"heading", "paragraph", "list", "table", "code"}
        assert 0 <= block.level <= 6


def test_long_lines_of_marks_are_read_in_linear_time():
    for mark in ("[", "*", "`", "![", "_a", "|"):
        read_paper(mark * 20_000)
