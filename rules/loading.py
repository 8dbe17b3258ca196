"""Load rule files: every fault is found and located, and a faulty set is refused whole.

Reads the files it is given; everything else is pure. The schema is documented in docs/rules.md.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from rules.definitions import Catalog, Example, Rule
from rules.entries import Entries, parse_duration
from rules.places import Fault, Place, RuleFaults
from rules.reading import Table, kind, read

__all__ = [
    "Catalog",
    "Example",
    "Fault",
    "Place",
    "Rule",
    "RuleFaults",
    "files_in",
    "load",
    "parse_duration",
    "shipped",
]


def shipped() -> Path:
    """Return the folder of the rules that come with the program."""
    return Path(__file__).parent / "catalog"


def files_in(paths: Sequence[Path]) -> list[Path]:
    """Return the rule files among `paths`: files as they are, of folders all *.yaml and *.yml in order of name."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found.extend(
                sorted(file for file in path.rglob("*") if file.suffix in (".yaml", ".yml") and file.is_file())
            )
        else:
            found.append(path)
    return list(dict.fromkeys(found))


def load(paths: Sequence[Path]) -> Catalog:
    """Load rules from files and folders, or raise RuleFaults with every fault of all of them."""
    reader = Entries()
    digest = hashlib.sha256()
    trees: list[tuple[str, Table]] = []
    for path in files_in(paths):
        try:
            source, tree = read(path)
        except RuleFaults as faults:
            reader.faults.extend(faults.faults)
            continue
        digest.update(hashlib.sha256(source.encode()).digest())
        if isinstance(tree, Table):
            trees.append((source, tree))
        elif tree is not None:
            reader.fault(tree.place, f"the file holds {kind(tree)}", "Begin it with rules: or filters:")
    for source, table in trees:
        reader.filters_of(table, source)
    for source, table in trees:
        reader.rules_of(table, source)
    if reader.faults:
        raise RuleFaults(reader.faults)
    return Catalog(rules=tuple(reader.rules), filters=reader.filters, version=digest.hexdigest()[:16])
