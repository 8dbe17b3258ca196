"""Who may read the page: tokens, sessions, guesses, and names that lead to this machine."""

import base64
from datetime import timedelta

import pytest

from bot.web.entry import SESSION, TRIES, WITHIN
from tests.fakes.pages import TOKEN, check_headers, make_app, read, visiting
from tests.fakes.values import NOW

CLOSED = ("/", "/stories/aa11", "/sources", "/rules", "/rules/us_ear_rule", "/scorecard", "/about", "/nix", "/login/x")
FORM = {"content-type": "application/x-www-form-urlencoded"}


class Clock:
    def __init__(self):
        self.at = NOW

    def __call__(self):
        return self.at


def _basic(password, name="me"):
    return {"authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


def _bearer(token):
    return {"authorization": f"Bearer {token}"}


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def guarded(furnished, clock):
    return make_app(furnished, token=TOKEN, clock=clock)


@pytest.mark.parametrize("route", CLOSED)
async def test_without_the_token_every_page_is_a_login_form(guarded, route):
    async with visiting(guarded) as client:
        answer = await client.get(route)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    page = read(answer)
    assert "Sign in" in page.text
    assert "gallium" not in page.text
    assert page.links == [("#main", ""), ("/", "")]  # not even the names of the pages


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "HEAD"])
async def test_without_the_token_no_method_passes(guarded, method):
    async with visiting(guarded) as client:
        answer = await client.request(method, "/")
    assert answer.status_code == 401


@pytest.mark.parametrize("route", ["/style.css", "/icon.svg", "/robots.txt", "/login"])
async def test_the_login_form_has_its_looks_without_a_token(guarded, route):
    async with visiting(guarded) as client:
        answer = await client.get(route)
    assert answer.status_code == 200
    check_headers(answer)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param(_bearer(TOKEN), 200, id="bearer"),
        pytest.param({"authorization": f"bearer   {TOKEN} "}, 200, id="bearer with spaces"),
        pytest.param(_basic(TOKEN), 200, id="basic"),
        pytest.param(_basic(TOKEN, name=""), 200, id="basic without a name"),
        pytest.param(_bearer(TOKEN[:-1]), 401, id="most of the token"),
        pytest.param(_bearer(TOKEN + "x"), 401, id="more than the token"),
        pytest.param(_bearer(TOKEN.upper()), 401, id="another case"),
        pytest.param(_bearer(""), 401, id="empty bearer"),
        pytest.param(_basic(""), 401, id="empty password"),
        pytest.param(_basic("x", name=TOKEN), 401, id="token as a name"),
        pytest.param({"authorization": TOKEN}, 401, id="token alone"),
        pytest.param({"authorization": f"Digest {TOKEN}"}, 401, id="another scheme"),
        pytest.param({"cookie": f"straitwatch_session={TOKEN}"}, 401, id="token as a cookie"),
        pytest.param({"x-forwarded-for": "127.0.0.1"}, 401, id="said to be local"),
    ],
)
async def test_a_header_opens_the_page_with_the_token_only(guarded, headers, status):
    async with visiting(guarded) as client:
        assert (await client.get("/", headers=headers)).status_code == status


async def test_the_form_gives_a_session_and_leads_back_to_what_was_asked(guarded):
    async with visiting(guarded) as client:
        asked = read(await client.get("/stories/aa11?x=1"))
        to = next(one["value"] for one in asked.controls if one["name"] == "to")
        assert to == "/stories/aa11?x=1"
        answer = await client.post("/login", data={"token": TOKEN, "to": to})
        assert (answer.status_code, answer.headers["location"]) == (303, "/stories/aa11?x=1")
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert "Path=/" in cookie
        assert TOKEN not in cookie
        page = await client.get(to)
        assert page.status_code == 200
        assert TOKEN not in page.text
        assert "Sign out" in read(page).text


async def test_over_https_the_session_is_only_sent_over_https(furnished):
    async with visiting(make_app(furnished, token=TOKEN)) as client:
        answer = await client.post("https://watch.example/login", data={"token": TOKEN})
    assert "Secure" in answer.headers["set-cookie"]


async def test_a_session_ends_by_itself_and_with_another_token(furnished, guarded, clock):
    async with visiting(guarded) as client:
        await client.post("/login", data={"token": TOKEN})
        session = client.cookies["straitwatch_session"]
        clock.at = NOW + SESSION - timedelta(seconds=1)
        assert (await client.get("/")).status_code == 200
        clock.at = NOW + SESSION
        assert (await client.get("/")).status_code == 401
    other = make_app(furnished, token="another-token-of-the-page-1234")
    async with visiting(other, cookies={"straitwatch_session": session}) as client:
        assert (await client.get("/")).status_code == 401


async def test_a_session_cannot_be_lengthened(guarded):
    async with visiting(guarded) as client:
        await client.post("/login", data={"token": TOKEN})
        ends, nonce, signature = client.cookies["straitwatch_session"].split(".")
    for forged in (f"{int(ends) + 1}.{nonce}.{signature}", f"{ends}.x.{signature}", f"{ends}.{nonce}.", "..", "é.é.é"):
        async with visiting(guarded) as client:
            answer = await client.get("/", headers={"cookie": f"straitwatch_session={forged}".encode()})
            assert answer.status_code == 401


async def test_signing_out_ends_the_session_of_the_browser(guarded):
    async with visiting(guarded) as client:
        await client.post("/login", data={"token": TOKEN})
        answer = await client.post("/login", data={"leave": "1"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/login")
        assert (await client.get("/")).status_code == 401


@pytest.mark.parametrize(
    "to", ["//evil.example", "https://evil.example", "/\\evil.example", "\t//evil", "javascript:x", ""]
)
async def test_a_login_never_leads_elsewhere(guarded, to):
    async with visiting(guarded) as client:
        answer = await client.post("/login", data={"token": TOKEN, "to": to})
    assert answer.headers["location"] == "/"


async def test_guesses_are_slowed_down_for_form_and_headers_alike(guarded, clock):
    async with visiting(guarded) as client:
        for number in range(TRIES):
            if number % 2:
                answer = await client.get("/", headers=_bearer("guess"))
            else:
                answer = await client.post("/login", data={"token": "guess"})
            assert answer.status_code == 401
            assert "That is not the token" in answer.text
        for answer in (
            await client.post("/login", data={"token": TOKEN}),
            await client.get("/", headers=_bearer(TOKEN)),
        ):
            assert answer.status_code == 429
            assert 0 < int(answer.headers["retry-after"]) <= 61
            read(answer)
        clock.at = NOW + WITHIN
        assert (await client.post("/login", data={"token": TOKEN})).status_code == 303


async def test_guesses_of_one_do_not_lock_out_others_nor_a_session(guarded):
    async with visiting(guarded) as signed_in:
        await signed_in.post("/login", data={"token": TOKEN})
        for _ in range(TRIES + 1):
            await signed_in.post("/login", data={"token": "guess"})
        assert (await signed_in.get("/")).status_code == 200
    async with visiting(guarded, address="192.0.2.7") as client:
        assert (await client.get("/", headers=_bearer(TOKEN))).status_code == 200


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        pytest.param(b"token=" + b"a" * 9_000, FORM, 413, id="too large"),
        pytest.param(b'{"token": "x"}', {"content-type": "application/json"}, 415, id="json"),
        pytest.param(b"", {}, 415, id="nothing"),
        pytest.param(b"", FORM, 401, id="empty form"),
        pytest.param(b"token=%ff%00", FORM, 401, id="bytes"),
        pytest.param(b"&".join(b"a=1" for _ in range(50)), FORM, 400, id="many fields"),
        pytest.param(b"token=x", FORM | {"sec-fetch-site": "cross-site"}, 403, id="from another site"),
        pytest.param(b"token=x", FORM | {"sec-fetch-site": "same-origin"}, 401, id="from this site"),
    ],
)
async def test_odd_forms_are_refused(guarded, body, headers, status):
    async with visiting(guarded) as client:
        answer = await client.post("/login", content=body, headers=headers)
    assert answer.status_code == status
    read(answer)


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "localhost.evil", "[::2]"]
)
async def test_without_a_token_other_names_of_this_machine_are_refused(page, host):
    async with visiting(page) as client:
        answer = await client.get("/", headers={"host": host})
    assert answer.status_code == 421
    assert "gallium" not in answer.text


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8080", "127.0.0.1:9", "[::1]:8080", "[::1]"])
async def test_without_a_token_this_machine_is_answered(page, host):
    async with visiting(page) as client:
        assert (await client.get("/", headers={"host": host})).status_code == 200


async def test_without_a_token_there_is_nothing_to_sign_in_to(page):
    async with visiting(page) as client:
        for answer in (await client.get("/login"), await client.post("/login", data={"token": "x"})):
            assert (answer.status_code, answer.headers["location"]) == (303, "/")
            assert "set-cookie" not in answer.headers
