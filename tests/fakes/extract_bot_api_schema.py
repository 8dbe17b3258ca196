"""Extract names, types and required flags of the Bot API from its machine-readable description; no prose is kept.

python tests/fakes/extract_bot_api_schema.py bot-api.json tests/fakes/bot_api_schema.json.gz
"""

import gzip
import json
import sys
from pathlib import Path


def extract(description: dict) -> dict:
    """Give {"version", "methods": {name: {parameter: [types, required]}}, "types": {name: fields or subtypes}}."""
    return {
        "version": description["version"],
        "methods": {name: _fields(method) for name, method in sorted(description["methods"].items())},
        "types": {
            name: {"subtypes": kind["subtypes"]} if kind.get("subtypes") else {"fields": _fields(kind)}
            for name, kind in sorted(description["types"].items())
        },
    }


def _fields(thing: dict) -> dict:
    return {field["name"]: [field["types"], field["required"]] for field in thing.get("fields", [])}


if __name__ == "__main__":
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    text = json.dumps(extract(json.loads(source.read_text())), separators=(",", ":"), sort_keys=True)
    target.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
