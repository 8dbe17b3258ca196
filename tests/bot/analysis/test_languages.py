import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.analysis.languages import LanguageReader


@pytest.fixture(name="reader", scope="module")
def _reader():
    return LanguageReader()


@pytest.mark.parametrize(
    ("title", "code"),
    [
        ("Ministry tightens licence rules for the export of magnets", "en"),
        ("Nvidia H20", "en"),
        ("Dock workers strike, Rotterdam terminals shut", "en"),
        ("", "en"),
        ("12345 !!!", "en"),
        ("Ministerium verschärft die Ausfuhrkontrollen für Magnete", "de"),
        ("El ministerio suspende las exportaciones de cobre", "es"),
        ("商务部公告 公布对相关稀土物项实施出口管制的决定", "zh"),
        ("Ministerija stabdo ličio eksportą į kaimyninę šalį", "lt"),
    ],
)
def test_the_language_of_a_headline_is_told(reader, title, code):
    assert reader.language_of(title) == code


@given(title=st.text(), body=st.text())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_has_a_language(reader, title, body):
    assert reader.language_of(title, body)
