"""A fault in a query, with its place and its remedy. Pure."""

from unicodedata import east_asian_width

_WINDOW = 64  # characters of the query shown on either side of the fault: fits a phone and a terminal


class QueryError(ValueError):
    """A query that cannot be used.

    `position` is the 0-based offset of the fault in the query, `length` how many characters it covers,
    `remedy` what to write instead.
    """

    def __init__(self, message: str, *, text: str, position: int = 0, length: int = 1, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.text = text
        self.position = max(0, min(position, len(text)))
        self.length = max(1, length)
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} (at character {self.position + 1}). {self.remedy}".rstrip()

    def pretty(self) -> str:
        """Return the fault, the line of the query that holds it, a caret under the place, and the remedy."""
        line_start = self.text.rfind("\n", 0, self.position) + 1
        line_end = self.text.find("\n", self.position)
        line = self.text[line_start : line_end if line_end >= 0 else len(self.text)]
        column = self.position - line_start
        first = max(0, column - _WINDOW)
        shown = "".join(char if char.isprintable() else " " for char in line[first : column + _WINDOW])
        lead = "…" if first else ""
        tail = "…" if column + _WINDOW < len(line) else ""
        pad = " " * (len(lead) + _width(shown[: column - first]))
        marked = shown[column - first : column - first + self.length]
        carets = "^" * max(1, _width(marked))
        lines = [f"{self.message}:", f"  {lead}{shown}{tail}", f"  {pad}{carets}"]
        return "\n".join([*lines, self.remedy] if self.remedy else lines)


def _width(text: str) -> int:
    """Return how many terminal columns `text` takes."""
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)
