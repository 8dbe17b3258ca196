"""Every command, setting, make target and chat command that the pages name exists as they write it."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from bot.cli import app
from bot.settings import PREFIX, Settings
from bot.telegram.commands.catalog import ENTRIES, command

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
FENCE = re.compile(r"^ *(`{3,})(\w*)[^\n]*\n(.*?)^ *\1 *$", flags=re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
CARRIERS = {"sudo", "docker", "podman", "env", "time", "timeout", "exec"}  # what may stand before a command
OPERATORS = {"|", "||", "&&", ";", "&", ">", ">>", "<", "2>"}
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def _name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def _blocks(page: Path) -> Iterator[str]:
    """Give the lines of fenced and indented blocks; a line that ends in a backslash goes on in the next."""
    text = page.read_text(encoding="utf-8")
    bodies = [body for _, _, body in FENCE.findall(text)]
    rest = FENCE.sub("", text)
    bodies += re.findall(r"(?:^ {4,}\S.*\n?)+", rest, flags=re.MULTILINE)
    for body in bodies:
        yield from body.replace("\\\n", " ").splitlines()


def _commands(page: Path) -> Iterator[str]:
    """Give what stands in blocks and between backticks."""
    yield from _blocks(page)
    yield from INLINE.findall(FENCE.sub("", page.read_text(encoding="utf-8")))


def _calls(line: str) -> Iterator[list[str]]:
    """Split a shell line at its pipes and redirections into calls; the word after a redirection is a file."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split, lexer.commenters = True, "#"
    call: list[str] = []
    for word in lexer:
        if word in OPERATORS:
            yield call
            call = ["(file)"] if word in {">", ">>", "<", "2>"} else []
        else:
            call.append(word)
    yield call


def _straitwatch_calls(page: Path) -> list[tuple[list[str], bool]]:
    """Give the words behind each `straitwatch`, and whether it is a whole command line or named in a sentence."""
    blocks = list(_blocks(page))
    found = []
    for place, line in enumerate(_commands(page)):
        if not re.search(r"(?:^|[\s/])straitwatch\s", line):
            continue
        for words in _calls(line.strip().removeprefix("$ ")):
            first = next(
                (number for number, word in enumerate(words) if re.fullmatch(r"(\S*/)?straitwatch", word)), None
            )
            if first is None or not words[first + 1 :]:
                continue
            if all("=" in word for word in words[:first]) or words[0] in CARRIERS:
                found.append((words[first + 1 :], place < len(blocks)))
    return found


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_command_line_on_the_page_is_understood(page: Path) -> None:
    root = typer.main.get_command(app)
    for words, whole in _straitwatch_calls(page):
        node, rest = root, words
        context = node.make_context("straitwatch", list(rest[:1]), resilient_parsing=True)
        while hasattr(node, "commands") and rest and not rest[0].startswith("-"):
            assert rest[0] in node.commands, f"straitwatch {' '.join(words)}"
            node, rest = node.commands[rest[0]], rest[1:]
        if rest in (["--help"], ["-h"]) or (hasattr(node, "commands") and not rest):
            continue
        try:
            node.make_context(words[0], list(rest), parent=context)
        except typer.BadParameter as error:
            if whole or type(error).__name__ != "MissingParameter":  # a sentence may leave the arguments out
                raise


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_setting_on_the_page_exists(page: Path) -> None:
    named = set(re.findall(rf"\b{PREFIX}([A-Z]+(?:_[A-Z]+)*)\b", page.read_text(encoding="utf-8")))
    assert {name.lower() for name in named} <= set(Settings.model_fields)


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_make_target_on_the_page_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z][\w-]*)\s*:(?!=)", MAKEFILE, flags=re.MULTILINE))
    for line in _commands(page):
        for found in re.finditer(r"(?:^|[;&|`]|\s{2,})\s*make ([a-z][\w-]*)", line):
            assert found[1] in targets, f"{_name(page)}: make {found[1]}"


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_module_that_python_is_told_to_run_exists(page: Path) -> None:
    for line in _commands(page):
        for found in re.finditer(r"python3? (?:-m ([\w.]+)|((?:benchmarks|\.ci)/\w+\.py))", line):
            if found[2]:
                assert (ROOT / found[2]).is_file(), f"{_name(page)}: {found[0]}"
            elif found[1].split(".")[0] in {"bot", "classifiers", "rules", "tests"}:
                place = ROOT / found[1].replace(".", "/")
                assert (place / "__main__.py").is_file() or place.with_suffix(".py").is_file(), found[0]


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_chat_command_on_the_page_exists(page: Path) -> None:
    of_botfather = {"newbot", "setprivacy", "setjoingroups", "mybots", "revoke", "token", "setcommands"}
    of_the_web = {"metrics", "healthz", "readyz", "dev", "var", "etc", "opt", "tmp", "path", "regex", "run", "live"}
    for line in INLINE.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
        found = re.fullmatch(r"/([a-z]{3,})(?: [^/]*)?", line)
        if found and found[1] not in of_botfather | of_the_web:
            assert command(found[1]) is not None, f"{_name(page)}: {line}"


def test_the_chat_page_explains_every_command() -> None:
    page = (ROOT / "docs" / "telegram.md").read_text(encoding="utf-8")
    assert [entry.name for entry in ENTRIES if not re.search(rf"^\| `/{entry.name}\b", page, re.MULTILINE)] == []


def test_the_commands_of_the_pages_are_found_at_all() -> None:
    found = [words for page in PAGES for words in _straitwatch_calls(page)]
    assert (["rules", "check", "my-rules/"], True) in found
    assert len(found) > 30


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_test_that_the_page_calls_as_a_witness_exists(page: Path) -> None:
    for path, name in re.findall(r"`?(tests/[\w/]+\.py)::(\w+)", page.read_text(encoding="utf-8")):
        assert (ROOT / path).is_file(), path
        assert re.search(rf"^(?:async )?def {name}\(", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE), name


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_file_that_the_page_names_exists(page: Path) -> None:
    """Paths of our own folders in backticks; those with placeholders are left out."""
    made_by_the_reader = {"bot/ingest/kinds/customs_list.py", "bot/storage/migrations/versions/0002_what_it_does.py"}
    named = re.findall(
        r"`((?:bot|rules|classifiers|tests|benchmarks|docs|\.ci)/[\w./-]*[\w/])(?:::\w+)?`",
        page.read_text(encoding="utf-8"),
    )
    assert [path for path in named if path not in made_by_the_reader and not (ROOT / path).exists()] == []
