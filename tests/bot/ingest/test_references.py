import pytest

from bot.ingest.references import (
    has_reference,
    literal_header,
    literal_secret,
    malformed,
    may_carry,
    misplaced,
    origin,
    references_in,
    without_references,
)

TOKEN = "123456789:AAaaBBbbCCccDDddEEeeFFffGGggHHhhIIi"


@pytest.mark.parametrize(
    "url",
    [
        "https://me:hunter2@x.test/feed",
        "https://hunter2hunter2@x.test/feed",
        "https://${USER}:hunter2@x.test/feed",
        "https://x.test/feed?a=1&api_key=abcd1234",
        "https://x.test/feed?Token=abcd",
        "https://x.test/feed?access_token=abcd1234",
        "https://x.test/feed?key=5e7c1a9b0d",
        "https://x.test/feed?sig=abcd1234",
        "https://x.test/feed?auth=abcd1234;b=1",
        "https://x.test/feed?password=tiger",
        "https://x.test/feed?client-secret=abcd1234",
        "https://x.test/feed?key=${A}5e7c1a9b0d",
        "https://x.test/feed#token=abcd1234",
        "https://x.test/token/abcd1234/feed",
        "https://x.test/feed/token=abcd1234",
        f"https://x.test/{TOKEN}/feed",
        "https://x.test/ghp_abcdefghij0123456789/feed",
        "https://x.test/feed?x=eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.SflKxwRJSMeKKF2QT",
    ],
)
def test_secrets_in_the_clear_are_seen_and_not_repeated(url: str) -> None:
    problem = literal_secret(url)
    assert problem
    assert not any(part in problem for part in ("hunter2", "abcd", "5e7c", "AAaa", "tiger", "eyJ"))


@pytest.mark.parametrize(
    "url",
    [
        "https://x.test/feed",
        "https://x.test/feed?keywords=tariff&author=smith&secretary=blinken&authority=bis",
        "https://x.test/feed?key=economy",
        "https://x.test/feed?key=trade-policy",
        "https://x.test/feed?api_key=DEMO_KEY&auth=none&token=",
        "https://x.test/feed?code=US",
        "https://x.test/feed?monkey=5e7c1a9b0d",
        "https://x.test/authors/abcd1234/feed",
        "https://x.test/alerts/feeds/01234567890123456789/9876543210987654321",
        "https://${USER}:${PASS}@x.test/feed?key=${KEY}",
        "https://me:${PASS}@x.test/${KEY}/feed",
        "https://[::1",
    ],
)
def test_plain_addresses_and_references_are_let_through(url: str) -> None:
    assert literal_secret(url) is None


@pytest.mark.parametrize(
    ("url", "names"),
    [("https://${A}:${B_2}@x.test/${c}?k=${A}", ("A", "B_2", "c")), ("https://x.test/$A/{B}", ())],
)
def test_references_are_found(url: str, names: tuple[str, ...]) -> None:
    assert references_in(url) == names
    assert malformed(url) is None


@pytest.mark.parametrize("text", ["${}", "${A-B}", "${A", "${file:/etc/passwd}", "${1A}", "${A:-x}"])
def test_other_braces_are_no_references(text: str) -> None:
    assert malformed(f"https://x.test/?k={text}")


@pytest.mark.parametrize("text", ["?k=${A}", "?k=$%7BA}", "?k=%24%7bA%7d", "?k=${"])
def test_even_a_written_around_reference_is_seen(text: str) -> None:
    assert has_reference(text)


@pytest.mark.parametrize(
    "url", ["https://${A}/feed", "https://x.${A}.test/", "https://me@${A}/", "https://x.test/#${A}"]
)
def test_the_host_stays_readable(url: str) -> None:
    assert misplaced(url)


@pytest.mark.parametrize(
    ("name", "value", "fine"),
    [
        ("Authorization", "Bearer ${KEY}", True),
        ("X-Api-Key", "${KEY}", True),
        ("Accept-Language", "de", True),
        ("Authorization", "Bearer abc", False),
        ("Cookie", "a=b", False),
        ("X-Trace", TOKEN, False),
        ("Host", "x.test", False),
        ("User-Agent", "me", False),
        ("X Y", "1", False),
        ("X-Y", "a\r\nb", False),
        ("X-Y", "${", False),
    ],
)
def test_headers_hold_references_or_nothing_secret(name: str, value: str, *, fine: bool) -> None:
    assert (literal_header(name, value) is None) is fine


@pytest.mark.parametrize(
    ("granted", "asked", "may"),
    [
        ("https://x.test/a", "https://X.test:443/b", True),
        ("http://x.test/a", "https://x.test/a", True),
        ("https://x.test/a", "http://x.test/a", False),
        ("https://x.test/a", "https://y.test/a", False),
        ("https://x.test/a", "https://sub.x.test/a", False),
        ("https://x.test/a", "https://x.test:8443/a", False),
        ("https://x.test/a", "https://x.test@y.test/a", False),
        ("https://x.test/a", "https://[", False),
    ],
)
def test_a_secret_stays_with_its_origin(granted: str, asked: str, *, may: bool) -> None:
    assert may_carry(origin(granted), origin(asked)) is may


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://x.test/a?id=1&key=${K}&b=2", "https://x.test/a?id=1&b=2"),
        ("https://me:${K}@x.test/a", "https://x.test/a"),
        ("https://x.test/${K}/a?id=1", "https://x.test/%24%7BK%7D/a?id=1"),
        ("https://x.test/a?key=1", "https://x.test/a?key=1"),
    ],
)
def test_links_lose_what_was_secret_and_lead_on(url: str, shown: str) -> None:
    assert without_references(url) == shown
