"""The query language: `parse` what people type, `evaluate` it on a `Document`. Pure. The grammar is docs/rules.md."""

from rules.query.documents import Document, Hits, Span
from rules.query.errors import QueryError
from rules.query.limits import CHAT, FILE, Limits
from rules.query.nodes import Marks
from rules.query.parsing import Note, Query, parse

__all__ = ["CHAT", "FILE", "Document", "Hits", "Limits", "Note", "Query", "QueryError", "Span", "evaluate", "parse"]


def evaluate(query: Query, document: Document) -> Hits | None:
    """Return the matched words of a matching document in the order of the text, or None when it does not match.

    The words are places in the original title and text. A query that only asks for fields matches with no words:
    test the result with `is not None`.
    """
    return marked(query, document) if query.root.test(document) else None


def marked(query: Query, document: Document) -> Hits:
    """Return the matched words of a document that is known to match."""
    marks = Marks()
    query.root.mark(document, marks)
    found = {document.span(index) for index in marks.indexes} | marks.spans
    return tuple(sorted(found, key=lambda span: (span.field != "title", span.start, span.end)))
