import re
from importlib.resources import files
from pathlib import Path

import pytest

import bot.telegram
from bot.telegram.goods import GOODS
from bot.telegram.strings import strings

HOME = Path(bot.telegram.__file__).parent
SPEAKING = (HOME, HOME.parent / "alerting")  # the folders that word what users read
CATALOGS = sorted((HOME / "locales").glob("*/LC_MESSAGES/straitwatch.po"))
babel = pytest.importorskip("babel.messages")


def read(catalog):
    from babel.messages.pofile import read_po

    with catalog.open("rb") as stream:
        return read_po(stream)


def texts_in_code():
    from babel.messages.extract import extract_from_dir

    keywords = {"t": None, "n": (1, 2), "N_": None}
    for folder in SPEAKING:
        for _, _, message, _, _ in extract_from_dir(folder, method_map=[("**.py", "python")], keywords=keywords):
            text = message[0] if isinstance(message, tuple) else message
            if text:
                yield text


@pytest.mark.parametrize("catalog", CATALOGS, ids=lambda path: path.parts[-3])
def test_every_text_is_translated(catalog):
    translated = {
        message.id[0] if isinstance(message.id, tuple) else message.id
        for message in read(catalog)
        if (all(message.string) if isinstance(message.string, tuple) else message.string)
    }
    assert set(texts_in_code()) - translated == set()


@pytest.mark.parametrize("catalog", CATALOGS, ids=lambda path: path.parts[-3])
def test_a_translation_uses_the_same_values(catalog):
    from string import Formatter

    for message in read(catalog):
        forms = message.string if isinstance(message.string, tuple) else (message.string,)
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        wanted = {name for text in ids for _, name, _, _ in Formatter().parse(text) if name}
        for form in forms:
            assert {name for _, name, _, _ in Formatter().parse(form) if name} <= wanted


@pytest.mark.parametrize("catalog", CATALOGS, ids=lambda path: path.parts[-3])
def test_the_compiled_catalog_is_up_to_date(catalog):
    from babel.messages.mofile import read_mo

    with catalog.with_suffix(".mo").open("rb") as stream:
        compiled = read_mo(stream)
    for message in read(catalog):
        if message.id:
            forms = compiled[message.id].string
            same = (tuple(forms) if isinstance(forms, list) else forms) == message.string
            assert same, f"{message.id}: run pybabel compile -D straitwatch -d bot/telegram/locales"


def test_every_goods_of_the_gazetteer_has_a_name():
    known = set(re.findall(r"\bid: ([a-z0-9_]+)", (files("rules") / "gazetteer" / "goods.yaml").read_text()))
    assert len(known) > 50
    assert known - set(GOODS) == set()


def test_goods_are_named_in_the_language_of_the_chat():
    assert strings("de").goods("rare_earths") == "Seltene Erden"
    assert strings("en").goods("nvidia_h20") == "Nvidia H20"
    assert strings("de").goods("something_new") == "something new"
