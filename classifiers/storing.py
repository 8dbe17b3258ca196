"""Model files: one compressed archive of plain arrays beside one JSON sidecar, and the folder that keeps the versions.

Reading runs no code from the file: arrays of numbers and UTF-8 text only (`allow_pickle=False`), after its SHA-256 was
compared with the sidecar's. A folder of models names the version in use in a file called `CURRENT`.
"""

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from classifiers.errors import ModelError

FORMAT: Final = 1
"""The number of the file format; another one is refused."""
SHIPPED: Final = Path(__file__).parent / "models"
"""The folder of the models that come with the package."""
_CURRENT: Final = "CURRENT"
_SIZE_LIMIT: Final = 60_000_000  # bytes; a model has ten million at most, anything larger is no model of ours
_REMEDY: Final = "restore it, or train again with `python -m classifiers train`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A model file that was read and checked: its arrays, its sidecar and where it stood."""

    arrays: Mapping[str, Any]
    card: Mapping[str, Any]
    path: Path


def save(folder: Path, *, version: str, arrays: Mapping[str, Any], card: Mapping[str, Any]) -> Path:
    """Write `<version>.npz` and `<version>.json` into `folder`; return the path of the archive."""
    folder.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    content = _without_clock(buffer.getvalue())
    path = folder / f"{version}.npz"
    path.write_bytes(content)
    sidecar = {
        "format": FORMAT,
        "version": version,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        **card,
    }
    path.with_suffix(".json").write_text(json.dumps(sidecar, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def read(path: Path | None = None) -> Stored:
    """Read a model: a `.npz` file, a folder with `CURRENT`, or by default the shipped folder.

    Raises ModelError where the file or its sidecar is missing, damaged, of another format or not a model.
    """
    target = SHIPPED if path is None else path
    if target.is_dir():
        target = target / f"{current(target)}.npz"
    card = _card(target.with_suffix(".json"))
    try:
        content = target.read_bytes()
    except OSError as e:
        raise ModelError(f"{target}: cannot be read ({e.strerror}); {_REMEDY}") from e
    if len(content) > _SIZE_LIMIT:
        raise ModelError(f"{target}: {len(content):,} bytes is more than a model has; {_REMEDY}")
    if card.get("format") != FORMAT:
        raise ModelError(f"{target}: format {card.get('format')!r}, this version reads {FORMAT}; train again")
    if hashlib.sha256(content).hexdigest() != card.get("sha256"):
        raise ModelError(
            f"{target}: the SHA-256 is not that of its sidecar, so the file is damaged or exchanged; {_REMEDY}"
        )
    return Stored(arrays=_arrays(target, content), card=card, path=target)


def current(folder: Path) -> str:
    """Return the version that a folder of models uses; raise ModelError where none is chosen."""
    try:
        version = (folder / _CURRENT).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as e:
        raise ModelError(f"{folder / _CURRENT}: cannot be read; choose with `python -m classifiers model use`") from e
    if not version or "/" in version or version.startswith("."):
        raise ModelError(
            f"{folder / _CURRENT}: {version!r} names no version; choose with `python -m classifiers model use`"
        )
    return version


def versions(folder: Path) -> list[Mapping[str, Any]]:
    """Return the sidecars of every default model in a folder, oldest first; second opinions are no versions."""
    cards = [_card(path) for path in folder.glob("*.json") if path.with_suffix(".npz").exists()]
    cards = [card for card in cards if "base" not in card]
    return sorted(cards, key=lambda card: (str(card.get("trained_at", "")), str(card.get("version", ""))))


def use(folder: Path, version: str) -> None:
    """Make `version` the one in use; the file is read in full first, so that a damaged one is never chosen."""
    read(folder / f"{version}.npz")
    (folder / _CURRENT).write_text(version + "\n", encoding="utf-8")


def _card(path: Path) -> dict[str, Any]:
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except OSError as e:
        raise ModelError(f"{path}: the model's sidecar cannot be read ({e.strerror}); {_REMEDY}") from e
    except (json.JSONDecodeError, UnicodeDecodeError) as e:
        raise ModelError(f"{path}: the model's sidecar is not JSON ({e}); {_REMEDY}") from e
    if not isinstance(card, dict):
        raise ModelError(f"{path}: the model's sidecar is not an object; {_REMEDY}")
    return card


def _arrays(path: Path, content: bytes) -> dict[str, Any]:
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (ValueError, OSError, zipfile.BadZipFile, zlib.error, EOFError) as e:
        raise ModelError(f"{path}: not a model archive ({e}); {_REMEDY}") from e


def _without_clock(content: bytes) -> bytes:
    """Rewrite a zip with fixed times, so that the same training gives the same file."""
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as new,
    ):
        for name in sorted(old.namelist()):
            new.writestr(zipfile.ZipInfo(name), old.read(name), compress_type=zipfile.ZIP_DEFLATED, compresslevel=9)
    return target.getvalue()
