"""Lay a sheet out by templates: Jinja2's home. The shipped templates, the operators' own, and the check of both.

Templates run in Jinja2's sandbox and see one name, `sheet` (and `image` in HTML). What comes from outside is escaped
for the format. A template of the operators' that fails is replaced by the shipped one, and remembered as a fault.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from jinja2 import BaseLoader, Environment, StrictUndefined, TemplateError, TemplateNotFound, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot.alerting.digests.sheet import Sheet
from bot.errors import Fault

NAMES = ("caption.j2", "telegram.j2", "html.j2", "markdown.j2", "text.j2")
_MARKUP = frozenset({"caption.j2", "telegram.j2", "html.j2"})
_MARKDOWN = re.compile(r"([\\`*_\[\]<>#|~!])")
_REMEDY = "Mend it, or delete it to use the shipped one; `straitwatch digest --check-template` checks all"
# What a template may raise besides Jinja2's own errors: it computes with values that it does not know.
_FAILURES = (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError)


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


@dataclass(slots=True)
class Templates:
    """The templates in force; `faults` says which of the operators' own were not usable."""

    folder: Path | None = None
    faults: list[Fault] = field(default_factory=list)
    _broken: set[str] = field(default_factory=set)
    _environments: dict[tuple[bool, str], Environment] = field(default_factory=dict)

    def render(self, name: str, sheet: Sheet, *, image: str = "") -> str:
        """Lay a sheet out; falls back to the shipped template and notes the fault where the operators' own fails."""
        if self.folder is not None and (self.folder / name).is_file() and name not in self._broken:
            try:
                return self.strictly(name, sheet, image=image)
            except (*_FAILURES, OSError) as error:
                self._broken.add(name)
                self.faults.append(fault_of(error, self.folder / name))
        return self._environment(name, own=False).get_template(name).render(sheet=sheet, image=image)

    def strictly(self, name: str, sheet: Sheet, *, image: str = "") -> str:
        """Lay a sheet out with the template in force; its errors are the caller's."""
        return self._environment(name, own=True).get_template(name).render(sheet=sheet, image=image)

    def reject(self, name: str, problem: str) -> None:
        """Note that the result of an operators' template cannot be used; the shipped one is used from now on."""
        if self.folder is not None:
            self._broken.add(name)
            self.faults.append(Fault(place=str(self.folder / name), problem=problem, remedy=_REMEDY))

    def _environment(self, name: str, *, own: bool) -> Environment:
        key = (own, name)
        if key not in self._environments:
            self._environments[key] = ImmutableSandboxedEnvironment(
                loader=_Folder(self.folder if own else None),
                autoescape=name in _MARKUP,
                undefined=StrictUndefined,
                finalize=_markdown if name == "markdown.j2" else None,
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
    return _MARKDOWN.sub(r"\\\1", value) if isinstance(value, str) else value


def check(folder: Path | None, sheets: Iterable[Sheet], validate: Callable[[str, str], None]) -> list[Fault]:
    """Render every template with every sample; `validate` raises ValueError for a result that cannot be sent.

    Gives all faults, at most one a template. Files in the folder that no digest would use are faults as well.
    """
    samples = list(sheets)
    found: list[Fault] = []
    for name in NAMES:
        templates = Templates(folder)
        path = folder / name if folder is not None and (folder / name).is_file() else name
        try:
            for sheet in samples:
                validate(name, templates.strictly(name, sheet, image="data:,"))
        except (*_FAILURES, OSError) as error:
            found.append(fault_of(error, path))
    if folder is not None:
        known = ", ".join(NAMES)
        found += [
            Fault(place=str(path), problem="no digest uses this file", remedy=f"Name it like one of {known}")
            for path in sorted(folder.glob("*.j2"))
            if path.name not in NAMES
        ]
    return found
