import json

import pytest

from bot.alerting.digests.checking import check_templates
from bot.alerting.digests.exporting import Format, as_json, export
from bot.alerting.digests.samples import sample_digests, sample_sheets
from bot.alerting.digests.templating import NAMES, Templates
from bot.alerting.digests.wording import NO_LIMITS, Wording
from bot.telegram.strings import strings

BUSY, QUIET, BROKEN, PREVIEW = sample_digests()


def sheet_of(digest):
    return Wording(strings("en")).sheet(digest, NO_LIMITS, picture="A picture.")


@pytest.fixture
def folder(tmp_path):
    return tmp_path


def own(folder, name, text):
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_the_shipped_templates_are_in_order() -> None:
    assert check_templates(None) == []


@pytest.mark.parametrize(
    ("name", "text", "line", "problem"),
    [
        pytest.param("html.j2", "<p>\n{% for x in %}\n</p>", 2, "Expected an expression", id="syntax"),
        pytest.param("html.j2", "{{ sheet.title }}\n\n{{ sheet.titel }}", 3, "no attribute 'titel'", id="unknown-name"),
        pytest.param("text.j2", "a\n{{ sheet.title + 1 }}", 2, "concatenate", id="wrong-type"),
        pytest.param("html.j2", "nothing of the digest", 0, "title does not appear", id="says-nothing"),
        pytest.param("text.j2", "{{ sheet.title }}\n{{ ''.__class__.__mro__ }}", 2, "unsafe", id="sandbox"),
        pytest.param(
            "telegram.j2", "{% macro note(text) %}{{ text }}{% endmacro %}", 0, "heading is missing", id="macro"
        ),
        pytest.param(
            "caption.j2",
            "{% macro caption(title, subtitle, lead, picture) %}\n<h1>{{ title }}</h1>\n{% endmacro %}",
            2,
            "<h1> is no mark",
            id="mark-that-telegram-does-not-know",
        ),
        pytest.param(
            "caption.j2",
            "{% macro caption(title, subtitle, lead, picture) %}{{ title * 200 }}{% endmacro %}",
            0,
            "1024",
            id="caption-too-long",
        ),
    ],
)
def test_a_faulty_template_is_named_with_its_file_and_line(folder, name, text, line, problem) -> None:
    (fault,) = check_templates(own(folder, name, text))
    assert fault.place == (f"{folder / name}:{line}" if line else str(folder / name))
    assert problem in fault.problem


def test_all_faults_are_listed_and_a_misspelt_name_is_one(folder) -> None:
    own(folder, "html.j2", "{% if %}")
    own(folder, "text.j2", "{{ nope }}")
    own(folder, "telegramm.j2", "x")
    assert [fault.place.split("/")[-1].split(":")[0] for fault in check_templates(folder)] == [
        "html.j2",
        "text.j2",
        "telegramm.j2",
    ]


def test_a_template_that_breaks_at_run_time_is_replaced_and_reported_once(folder) -> None:
    templates = Templates(own(folder, "text.j2", "{{ sheet.title }}{{ 1 // 0 }}"))
    texts = {templates.document("text.j2", sheet) for sheet in sample_sheets()[:3]}
    assert all("{{" not in text and text for text in texts)
    assert [fault.place for fault in templates.faults] == [f"{folder / 'text.j2'}:1"]


def test_an_operators_template_is_used(folder) -> None:
    templates = Templates(own(folder, "text.j2", "Mine: {{ sheet.title }}\n"))
    assert templates.document("text.j2", sheet_of(BUSY)) == "Mine: The week to 23 Nov 2026\n"
    assert templates.faults == []


def test_html_is_whole_in_itself_and_escapes_what_comes_from_outside() -> None:
    text = export(BUSY, sheet_of(BUSY), Format.HTML, Templates(), picture=b"png")
    assert text.startswith("<!doctype html>")
    assert "<tools>" not in text
    assert "&lt;tools&gt;" in text
    assert 'src="data:image/png;base64,' in text
    assert 'alt="A picture."' in text
    assert "<script" not in text
    assert "http://" not in text.replace("https://", "")


def test_markdown_escapes_what_would_be_markup() -> None:
    text = export(BUSY, sheet_of(BUSY), Format.MARKDOWN, Templates())
    assert r"\[draft\] \*now\*" in text
    assert r"\<tools\>" in text
    assert "[news1.example](<https://news1.example/1?a=1&b=2>)" in text


def test_json_is_the_digest_and_the_same_every_time() -> None:
    text = as_json(BUSY)
    values = json.loads(text)
    assert (values["version"], values["period"]["key"], len(values["entries"])) == (1, "2026-W48", 6)
    assert values["entries"][0]["story"]["headline"]
    assert text == as_json(BUSY)


@pytest.mark.parametrize("digest", [BUSY, QUIET, BROKEN, PREVIEW], ids=["busy", "quiet", "broken", "preview"])
@pytest.mark.parametrize("form", list(Format))
def test_every_digest_has_every_form(form, digest) -> None:
    assert export(digest, sheet_of(digest), form, Templates())


def test_the_names_of_templates_are_documented() -> None:
    from pathlib import Path

    text = (Path(__file__).parents[4] / "docs" / "digest.md").read_text(encoding="utf-8")
    assert all(name in text for name in NAMES)
