"""Whatever is asked, the answer is a page with its headers and never a fault of ours."""

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.pages import TOKEN, check_headers, make_app, read, visiting

ROUTES = (
    "/",
    "/stories/aa11",
    "/sources",
    "/rules",
    "/rules/us_ear_rule",
    "/scorecard",
    "/about",
    "/login",
    "/style.css",
)
ODD = [
    "page=0",
    "page=-1",
    "page=1e9",
    "page=999999999999999999999999",
    "page=٣",
    "page=1&page=2",
    "page=%00",
    "q=%00",
    "q=%ff%fe",
    "q=%f0%9f%98%80",
    "q=%22",
    "q=(" + "(" * 200,
    "q=" + "a+OR+" * 500 + "a",
    "q=" + "x" * 9_000,
    "q=*",
    "q=/(a%2B)%2B$/",
    "q=a~2+b~2",
    "q=severity:%3E%3Dhuge",
    "q=nofield:x",
    "q=filter:opinion_piece",
    "q=-gallium",
    "q=title:",
    "q=[a+TO+b]",
    "topic[]=x&topic=sanctions",
    "topic=SANCTIONS",
    "severity=5",
    "state=../../etc/passwd",
    "to=//evil.example",
    "to=https://evil.example",
    "&&&===&",
    "a=" + "&a=" * 2_000,
    "%",
    "q=%zz",
    "page=2;q=3",
]
PATHS = [
    "/stories/",
    "/stories/../../etc/passwd",
    "/stories/%2e%2e%2fetc%2fpasswd",
    "/stories/%00",
    "/stories/%ff",
    "/stories/a'--",
    "/stories/aa11/",
    "/stories/aa11/more",
    "/stories/" + "a" * 33,
    "/stories/" + "a" * 9_000,
    "/stories/%d9%a3",
    "/rules/../../../etc/passwd",
    "/rules/%2e%2e",
    "/rules/none",
    "/rules/" + "a" * 5_000,
    "/style.css/",
    "/static/../bot/settings.py",
    "/templates/layout.html",
    "/.env",
    "//evil.example/",
    "/%2f%2fevil.example",
    "/\\evil.example",
    "/index.php",
    "/favicon.ico",
]
METHODS = ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "NONSENSE")


@pytest.mark.parametrize("asked", ODD, ids=[asked[:24] for asked in ODD])
async def test_odd_values_never_fail_a_page(page, asked):
    async with visiting(page) as client:
        for route in ROUTES:
            answer = await client.get(f"{route}?{asked}")
            assert answer.status_code in {200, 303, 400, 414}, (route, asked)
            check_headers(answer)
            if answer.status_code != 303 and route != "/style.css":
                read(answer)
            if answer.status_code == 303:
                assert answer.headers["location"].startswith("/")
                assert not answer.headers["location"].startswith("//")


@pytest.mark.parametrize("path", PATHS, ids=[path[:30] for path in PATHS])
async def test_paths_that_do_not_exist_are_not_found(page, path):
    async with visiting(page) as client:
        address = httpx.URL("http://localhost:8080").copy_with(raw_path=path.encode())
        answer = await client.get(address)
    assert answer.status_code == 404
    assert "root:" not in answer.text
    read(answer)


@pytest.mark.parametrize("method", METHODS)
async def test_nothing_can_be_changed(page, method):
    async with visiting(page) as client:
        for route in ROUTES:
            answer = await client.request(method, route)
            assert answer.status_code == (303 if (method, route) == ("POST", "/login") else 405), route
            check_headers(answer)


async def test_head_answers_like_get_without_a_body(page):
    async with visiting(page) as client:
        for route in ROUTES:
            answer = await client.head(route)
            assert answer.status_code == (303 if route == "/login" else 200)


async def test_an_address_of_many_kilobytes_is_refused(page):
    async with visiting(page) as client:
        answer = await client.get("/?q=" + "%41" * 10_000)
    assert answer.status_code == 414
    read(answer)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"host": "["}, id="half an IPv6 host"),
        pytest.param({"host": ""}, id="no host"),
        pytest.param({"host": "localhost:notaport"}, id="port in letters"),
        pytest.param({"host": "localhost\x7f"}, id="control character"),
        pytest.param({"cookie": "straitwatch_session=" + "a" * 4_000}, id="long cookie"),
        pytest.param({"cookie": 'straitwatch_session="\\777.x.y"; =; ;;'}, id="broken cookie"),
        pytest.param({"cookie": "straitwatch_session=1e9.ü.x".encode()}, id="cookie with letters"),
        pytest.param({"authorization": "Basic ===="}, id="broken basic"),
        pytest.param({"authorization": "Basic " + "A" * 6_001}, id="long basic"),
        pytest.param({"authorization": "Bearer"}, id="bearer without a token"),
        pytest.param({"authorization": b"Bearer \xff\xfe"}, id="bearer with bytes"),
        pytest.param({"authorization": "Digest x"}, id="another scheme"),
        pytest.param({"accept": "application/json", "range": "bytes=9-1", "if-none-match": "*"}, id="other wishes"),
    ],
)
@pytest.mark.parametrize("token", ["", TOKEN], ids=["open", "guarded"])
async def test_odd_headers_never_fail_a_page(page, furnished, headers, token):
    async with visiting(make_app(furnished, token=token) if token else page) as client:
        for route in ("/", "/stories/aa11", "/nix", "/stories/"):
            answer = await client.get(route, headers=headers)
            assert answer.status_code in {200, 401, 404, 421, 429}
            read(answer)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.sampled_from(["q", "topic", "direction", "stage", "severity", "page", "state", "to"]),
        st.text(st.characters(codec="utf-8"), max_size=60),
        max_size=4,
    ),
    st.sampled_from(ROUTES[:-1]),
)
async def test_any_text_is_answered(page, asked, route):
    async with visiting(page) as client:
        answer = await client.get(route, params=asked)
        assert answer.status_code in {200, 303, 400}
        check_headers(answer)
