"""Which links from outside the page shows, and how. Pure."""

from urllib.parse import urlsplit

LONGEST = 2_000  # characters of an address


def safe_link(url: str) -> str:
    """Give an http(s) address without a user's name in it, or an empty text for anything else."""
    url = "".join(letter for letter in url.strip() if letter.isprintable() and not letter.isspace())
    try:
        parts = urlsplit(url)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return ""
    return url if sound and len(url) <= LONGEST else ""


def host_of(url: str) -> str:
    """Give the host that an address names, without `www.`; empty where there is none."""
    try:
        host = urlsplit(url.strip()).hostname or ""
    except ValueError:
        return ""
    shown = "".join(letter for letter in host if letter.isprintable())
    return shown.removeprefix("www.")[:80]
