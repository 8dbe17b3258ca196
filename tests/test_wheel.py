"""What is installed is whole: every file that the three packages read at run time is inside the wheel."""

import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
KINDS = {".yaml", ".jsonl", ".json", ".npz", ".gz", ".j2", ".html", ".css", ".svg", ".mo", ".mako", ".typed"}


@pytest.fixture(scope="module")
def inside(tmp_path_factory):
    from hatchling.builders.wheel import WheelBuilder

    folder = tmp_path_factory.mktemp("wheel")
    (made,) = WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])
    with zipfile.ZipFile(made) as wheel:
        return set(wheel.namelist())


def test_the_wheel_holds_all_modules_rules_models_and_texts(inside):
    for package in ("bot", "classifiers", "rules"):
        wanted = {
            path.relative_to(ROOT).as_posix()
            for path in (ROOT / package).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts and path.suffix in KINDS | {".py"}
        }
        assert wanted - inside == set()


def test_the_wheel_holds_nothing_else(inside):
    assert {name.split("/")[0] for name in inside if ".dist-info/" not in name} == {"bot", "classifiers", "rules"}
