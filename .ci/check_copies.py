"""Fail when a headline of ours is one of the measuring news, where those lie beside the repository; skip otherwise."""

import gzip
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "data"
TEXT_FILES = ("classifiers/corpus/*.jsonl", "rules/**/*.yaml", "bot/demo/*.yaml", "tests/**/*.yaml", "docs/**/*.md")
FIELD = re.compile(r"^[\s\-\w]*:\s|^\s*-\s")  # a YAML key or list mark before the text


def key(title: str) -> str:
    """Compare headlines by their words only."""
    return " ".join(re.findall(r"\w+", title.lower()))


def headlines() -> Iterator[str]:
    """Give every headline of the measuring news."""
    for path in sorted(DATA.rglob("*.jsonl*")):
        opener = gzip.open if path.suffix == ".gz" else open
        with opener(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                yield from (row[name] for name in ("title", "headline") if isinstance(row.get(name), str))


def main() -> int:
    """Report each copied headline with its file; the exit code says whether there was one."""
    if not DATA.is_dir():
        print("no measuring news beside the repository: nothing to compare with")
        return 0
    known = {key(title) for title in headlines()}
    known = {title for title in known if len(title.split()) >= 6}  # shorter ones are names, not sentences
    copied = 0
    for pattern in TEXT_FILES:
        for path in sorted(ROOT.glob(pattern)):
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
                texts = (
                    [json.loads(line)["title"]]
                    if path.suffix == ".jsonl"
                    else [re.sub(r"^[\s\-\w]*:\s|^\s*-\s", "", line)]
                )
                for text in texts:
                    if key(text) in known:
                        print(f"{path.relative_to(ROOT)}:{number}: copied headline: {text.strip()}")
                        copied += 1
    print(f"{len(known)} headlines compared, {copied} copied")
    return 1 if copied else 0


if __name__ == "__main__":
    sys.exit(main())
