"""Read the examples of a rule entry. Pure."""

from collections.abc import Mapping

from rules.definitions import Example
from rules.places import Fault, Place
from rules.reading import Items, Table, Text, Tree, kind
from rules.vocabulary import FIELDS, nearest


class Examples:
    """Reads examples and notes every fault in `faults`."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults

    def fault(self, place: Place, message: str, remedy: str = "") -> None:
        """Note a fault."""
        self.faults.append(Fault(place=place, message=message, remedy=remedy))

    def check_keys(self, table: Table, known: tuple[str, ...], what: str) -> None:
        """Note every key that is not `known`, with what was probably meant."""
        for key, place in table.keys.items():
            if key not in known:
                meant = nearest(key, known)
                guess = f"Did you mean {meant}? " if meant else ""
                self.fault(place, f"a {what} has no key {key!r}", f"{guess}Known: {', '.join(known)}.")

    def of_rule(self, table: Table) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
        """Return the hits and misses of a rule entry."""
        examples = table.entries.get("examples")
        if not isinstance(examples, Table):
            place = examples.place if examples else table.place
            state = f"examples is {kind(examples)}" if examples else "examples are missing"
            self.fault(place, state, "Add examples: with hit: and miss:, each a list of headlines.")
            return (), ()
        self.check_keys(examples, ("hit", "miss"), "list of examples")
        return self._example_list(examples, "hit"), self._example_list(examples, "miss")

    def _example_list(self, examples: Table, key: str) -> tuple[Example, ...]:
        entries = examples.entries.get(key)
        if entries is None or (isinstance(entries, Items) and not entries.items):
            self.fault(
                entries.place if entries else examples.place,
                f"no {key} examples",
                f"Add {key}: with at least one text.",
            )
            return ()
        if not isinstance(entries, Items):
            self.fault(entries.place, f"{key} is {kind(entries)}", "It is a list: begin every text with a dash.")
            return ()
        return tuple(example for entry in entries.items if (example := self._example(entry)) is not None)

    def _example(self, entry: Tree) -> Example | None:
        if isinstance(entry, Text):
            if not entry.text.strip():
                self.fault(entry.place, "the example is empty", "Write a headline.")
            return Example(title=entry.text.strip(), place=entry.place)
        if isinstance(entry, Items):
            self.fault(entry.place, "an example is a list", "It is a headline, or a mapping of title, text and fields.")
            return None
        self.check_keys(entry, ("title", "text", "fields"), "example")
        values = {key: value.text for key, value in entry.entries.items() if isinstance(value, Text)}
        for key in ("title", "text"):
            if key in entry.entries and key not in values:
                self.fault(entry.entries[key].place, f"{key} is {kind(entry.entries[key])}", "It is a text.")
        if not (values.get("title") or values.get("text")):
            self.fault(entry.place, "the example has no text", "Give it a title:, a text:, or both.")
        return Example(
            title=values.get("title", ""),
            text=values.get("text", ""),
            fields=self.fields_of(entry.entries.get("fields")),
            place=entry.place,
        )

    def fields_of(self, tree: Tree | None) -> Mapping[str, object]:
        """Return field values in the types that `Document.of` wants."""
        if tree is None:
            return {}
        if not isinstance(tree, Table):
            self.fault(tree.place, f"fields is {kind(tree)}", "It is a mapping, e.g. {direction: easing}.")
            return {}
        known = tuple(name for name, field in FIELDS.items() if field.kind != "words")
        self.check_keys(tree, known, "field list")
        return {name: self._value(name, value) for name, value in tree.entries.items() if name in known}

    def _value(self, name: str, tree: Tree) -> object:
        """Return a field value in the type that `Document.of` wants."""
        field_ = FIELDS[name]
        texts = [item.text for item in (tree.items if isinstance(tree, Items) else (tree,)) if isinstance(item, Text)]
        if isinstance(tree, Table) or (isinstance(tree, Items) and len(texts) != len(tree.items)):
            self.fault(tree.place, f"{name} is {kind(tree)}", "It is a text or a list of texts.")
            return None
        for text in texts:
            if field_.values and text not in field_.values:
                meant = nearest(text, field_.values)
                guess = f"Did you mean {meant}? " if meant else ""
                self.fault(tree.place, f"{name} has no value {text!r}", f"{guess}Allowed: {', '.join(field_.values)}.")
        if field_.kind == "number":
            try:
                return float(texts[0]) if len(texts) == 1 else None
            except ValueError:
                self.fault(tree.place, f"{name} wants a number, not {texts[0]!r}", f"For example {field_.example}")
                return None
        return texts[0] if isinstance(tree, Text) else texts
