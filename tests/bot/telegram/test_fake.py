"""The fake Bot API is the ground that other tests stand on: does it refuse what Telegram refuses?"""

import httpx
import pytest

from tests.fakes.bot_api import BotApi
from tests.fakes.telegram_html import MarkupError, parse_html


@pytest.fixture
async def post():
    async with BotApi(strict=False) as api, httpx.AsyncClient(base_url=f"{api.base_url}{api.token}/") as client:

        async def post(method, **fields):
            answer = await client.post(method, data=fields)
            return answer.status_code, answer.json().get("description", ""), api

        yield post


@pytest.mark.parametrize(
    ("method", "fields", "why"),
    [
        ("sendMesage", {"chat_id": 1, "text": "x"}, "unknown method"),
        ("sendMessage", {"chat_id": 1}, "missing"),
        ("sendMessage", {"chat_id": 1, "text": "x", "colour": "red"}, "unknown parameter"),
        ("sendMessage", {"chat_id": 1, "text": "x", "disable_notification": "perhaps"}, "disable_notification"),
        ("sendMessage", {"chat_id": 1, "text": "x", "message_thread_id": "five"}, "message_thread_id"),
        ("sendMessage", {"chat_id": 1, "text": "x", "link_preview_options": '{"disabled": true}'}, "no field"),
        ("sendMessage", {"chat_id": 1, "text": "😀" * 2049}, "too long"),
        ("sendMessage", {"chat_id": 1, "text": " \n "}, "empty"),
        ("sendMessage", {"chat_id": 1, "text": "<b>x", "parse_mode": "HTML"}, "can't parse entities"),
        ("sendPhoto", {"chat_id": 1, "photo": "id", "caption": "x" * 1025}, "too long"),
        (
            "sendMessage",
            {
                "chat_id": 1,
                "text": "x",
                "reply_markup": '{"inline_keyboard":[[{"text":"x","callback_data":"%s"}]]}' % ("é" * 33),
            },
            "BUTTON_DATA_INVALID",
        ),
    ],
)
async def test_a_request_that_no_bot_api_would_accept_is_refused_and_remembered(post, method, fields, why):
    status, description, api = await post(method, **fields)
    assert status == 400
    assert why.lower() in description.lower()
    assert len(api.violations) == 1
    assert api.texts(1) == []


async def test_the_limit_counts_what_is_seen_and_not_the_marks(post):
    status, _, _ = await post("sendMessage", chat_id=1, text="<b>" + "&lt;" * 4096 + "</b>", parse_mode="HTML")
    assert status == 200


async def test_what_only_this_chat_refuses_is_no_violation(post):
    status, description, api = await post("editMessageText", chat_id=1, message_id=5, text="x")
    assert (status, description) == (400, "Bad Request: message to edit not found")
    assert api.violations == []


async def test_another_token_is_unauthorized(post):
    async with BotApi() as api, httpx.AsyncClient() as client:
        answer = await client.post(f"{api.base_url}1:other/getMe")
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "html",
    [
        "<b>",
        "</b>",
        "<b><i>x</b></i>",
        "<script>x</script>",
        "a < b",
        "a & b",
        "&copy;",
        "<a href=x y z>",
        "<b class='x>",
        "<>",
    ],
)
def test_broken_markup_is_refused(html):
    with pytest.raises(MarkupError):
        parse_html(html)


def test_entities_are_placed_in_utf16_units_after_trimming():
    text, entities = parse_html('  😀<b>bold</b> <a href="https://e.example/?a=1&amp;b=2">x</a> ')
    assert text == "😀bold x"
    assert entities == [
        {"type": "bold", "offset": 2, "length": 4},
        {"type": "text_link", "offset": 7, "length": 1, "url": "https://e.example/?a=1&b=2"},
    ]
