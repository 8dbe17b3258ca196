"""Lay a sheet out by templates: Jinja2's home. The shipped templates, the operators' own, and the check of both.

Templates run in Jinja2's sandbox and see one name, `sheet` (and `image` in HTML). What comes from outside is escaped
for the format. A template of the operators' that fails is replaced by the shipped one, and remembered as a fault.
"""

import re
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import TypeVar

from jinja2 import (
    BaseLoader,
    Environment,
    StrictUndefined,
    Template,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
)
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot.alerting.digests.sheet import Sheet
from bot.errors import Fault

TELEGRAM, CAPTION, HTML, MARKDOWN, TEXT = (
    "telegram.j2",
    "caption.j2",
    "html.j2",
    "markdown.j2",
    "text.j2",
)
NAMES = (CAPTION, TELEGRAM, HTML, MARKDOWN, TEXT)
_MARKUP = frozenset({CAPTION, TELEGRAM, HTML})
_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~!])")
_REMEDY = "Mend it, or delete it to use the shipped one; `straitwatch digest --check-template` checks all"
# What a template may raise besides Jinja2's own errors: it computes with values that it does not know.
FAILURES = (
    *(TemplateError, OSError, TypeError, ValueError),
    *(ArithmeticError, LookupError, AttributeError, RecursionError),
)
T = TypeVar("T")


class _Folder(BaseLoader):
    """Loads the shipped templates, or those of a folder with the shipped ones for what it does not have."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def get_source(self, environment: Environment, template: str) -> tuple[str, str | None, Callable[[], bool] | None]:
        """Give a template's text and the name that faults are told with."""
        del environment
        if template not in NAMES:
            raise TemplateNotFound(template, f"there is no template {template!r}; there are {', '.join(NAMES)}")
        own = self._folder / template if self._folder else None
        if own is not None and own.is_file():
            return own.read_text(encoding="utf-8"), str(own), None
        return files("bot.alerting").joinpath("templates", template).read_text(encoding="utf-8"), template, None


class Templates:
    """The templates in force: those in `folder`, and the shipped ones for what it does not have or what fails in it.

    `faults` says which of the operators' own were not usable.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._broken: set[str] = set()
        self._environments: dict[tuple[str, bool], Environment] = {}
        self.faults: list[Fault] = []

    def attempt(self, name: str, use: Callable[[Template], T]) -> T:
        """Use a template; where the operators' own fails, note the fault and use the shipped one from now on."""
        if self._folder is not None and name not in self._broken and (self._folder / name).is_file():
            try:
                return use(self.own(name))
            except FAILURES as error:
                self._broken.add(name)
                self.faults.append(fault_of(error, self._folder / name))
        return use(self._environment(name, own=False).get_template(name))

    def own(self, name: str) -> Template:
        """Give the template in force, without a fall-back; raises jinja2.TemplateError and OSError."""
        return self._environment(name, own=True).get_template(name)

    def document(self, name: str, sheet: Sheet, *, image: str = "") -> str:
        """Lay a whole sheet out as HTML, Markdown or text; `image` is the picture's address in HTML."""
        return self.attempt(name, lambda template: template.render(sheet=sheet, image=image))

    def _environment(self, name: str, *, own: bool) -> Environment:
        key = (name, own)
        if key not in self._environments:
            self._environments[key] = ImmutableSandboxedEnvironment(
                loader=_Folder(self._folder if own else None),
                autoescape=name in _MARKUP,
                undefined=StrictUndefined,
                finalize=_markdown if name == MARKDOWN else None,
                trim_blocks=True,
                lstrip_blocks=True,
                keep_trailing_newline=True,
                auto_reload=False,
            )
        return self._environments[key]


def fault_of(error: Exception, path: Path | str) -> Fault:
    """Say what is wrong with a template, with its file and line."""
    line = error.lineno if isinstance(error, TemplateSyntaxError) else _line_in(error, str(path))
    place = f"{path}:{line}" if line else str(path)
    problem = (str(error).partition("\n")[0] or type(error).__name__).removesuffix(".")
    return Fault(place=place, problem=problem, remedy=_REMEDY)


def _line_in(error: Exception, path: str) -> int:
    """Give the last line of the template that the error came through: Jinja2 puts template lines into the traceback."""
    line, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == path:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _markdown(value: object) -> object:
    return _SPECIAL.sub(r"\\\1", value) if isinstance(value, str) else value
