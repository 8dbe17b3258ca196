"""The image and the services, as far as they can be checked without a container engine: files, commands, user, health.

Each step of the Dockerfile is read as Docker reads it: words of a line, continued by a backslash.
"""

import json
import re
import shlex
import shutil
import subprocess
import sys
import threading
import tomllib
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.settings import PREFIX, Settings

ROOT = Path(__file__).resolve().parent.parent
STEPS = [
    (line.split(" ", 1)[0], line.split(" ", 1)[1])
    for line in re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text(encoding="utf-8")).splitlines()
    if line and not line.startswith("#")
]


def _all(instruction: str) -> list[str]:
    return [rest for word, rest in STEPS if word == instruction]


def _services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    return found


def _project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def _needed() -> list[str]:
    """Give what the image is built from."""
    copied = [words[:-1] for rest in _all("COPY") if not (words := shlex.split(rest))[0].startswith("--from")]
    return [one for words in copied for one in words]


def test_everything_that_is_copied_exists_and_belongs_to_the_repository() -> None:
    needed = _needed()
    assert {"requirements.lock", "pyproject.toml", "bot", "classifiers", "rules"} <= set(needed)
    assert [one for one in needed if not (ROOT / one).exists()] == []
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    ignored = subprocess.run(["git", "check-ignore", *needed], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ignored.stdout == ""
    tracked = subprocess.run(["git", "ls-files", "--", *needed], cwd=ROOT, capture_output=True, text=True, check=True)
    assert {one.split("/")[0] for one in tracked.stdout.splitlines()} == set(needed)


def test_what_keeps_files_out_of_the_context_keeps_none_of_these_out() -> None:
    place = ROOT / ".dockerignore"
    if not place.exists():
        pytest.skip("nothing is kept out")
    lines = [one.strip() for one in place.read_text(encoding="utf-8").splitlines()]
    patterns = [one.rstrip("/") for one in lines if one and not one.startswith("#")]
    assert not [one for one in _needed() if any(Path(one).match(pattern) for pattern in patterns)]


def test_the_package_s_own_files_are_among_what_is_copied() -> None:
    project = _project()
    wanted = {project["project"]["readme"], *project["project"]["license-files"]}
    assert wanted | set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) <= set(_needed())


def test_the_build_needs_nothing_that_is_not_locked() -> None:
    built = next(rest for rest in _all("RUN") if "--no-build-isolation" in rest)
    assert "--no-deps" in built
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    for requirement in _project()["build-system"]["requires"]:
        assert re.search(rf"^{re.split('[<>=]', requirement)[0]}==", lock, re.MULTILINE), requirement
    assert any("--require-hashes" in rest and "requirements.lock" in rest for rest in _all("RUN"))


def test_the_query_parser_s_tables_are_made_while_the_image_may_still_be_written() -> None:
    steps = [rest for word, rest in STEPS if word == "RUN"]
    installed = next(n for n, rest in enumerate(steps) if "--no-build-isolation" in rest)
    made = next(n for n, rest in enumerate(steps) if "straitwatch rules explain" in rest)
    assert installed < made


def test_its_command_is_the_product_s_and_its_user_is_not_root() -> None:
    (entry,), (command,) = _all("ENTRYPOINT"), _all("CMD")[-1:]
    assert json.loads(entry) == ["straitwatch"]
    assert "straitwatch" in _project()["project"]["scripts"]
    known = {*json.loads(command), *(_services()["services"]["worker"]["command"])}
    shown = subprocess.run(
        [sys.executable, "-c", "from bot.cli import main; main()", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert all(re.search(rf"│ {one}\s", shown.stdout) for one in known)
    (user,) = _all("USER")
    assert int(user) > 0
    assert f"--uid {user}" in " ".join(_all("RUN"))
    last = max(n for n, (word, _) in enumerate(STEPS) if word == "RUN")
    assert next(n for n, (word, _) in enumerate(STEPS) if word == "USER") > last


def test_every_variable_of_the_services_is_a_setting() -> None:
    fields = {PREFIX + name.upper() for name in Settings.model_fields}
    worker = _services()["services"]["worker"]
    assert {name for name in worker["environment"] if name.startswith(PREFIX)} <= fields
    written = shlex.split(" ".join(_all("ENV")))
    assert {name for one in written if (name := one.split("=")[0]).startswith(PREFIX)} <= fields


def test_every_file_secret_and_volume_of_the_services_is_declared() -> None:
    compose = _services()
    for name, service in compose["services"].items():
        assert set(service.get("secrets", [])) <= set(compose["secrets"]), name
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert (ROOT / source).is_file() if source.startswith(".") else source in compose["volumes"], volume
        named = set(re.findall(r"/run/secrets/(\w+)", json.dumps(service)))
        assert named <= set(service.get("secrets", [])), name
        assert set(service.get("depends_on", {})) <= set(compose["services"]), name


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_the_health_check_follows_what_the_watch_says(status: int, code: int) -> None:
    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/healthz" else 404)
            self.end_headers()

        def log_message(self, *words: object) -> None:
            del words

    (check,) = _all("HEALTHCHECK")
    command = json.loads(check[check.index("CMD ") + 4 :])
    with HTTPServer(("127.0.0.1", 0), Health) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        asked = [
            sys.executable,
            *(one.replace("127.0.0.1:9108", f"127.0.0.1:{server.server_port}") for one in command[1:]),
        ]
        found = subprocess.run(asked, capture_output=True, check=False, timeout=30)
        server.shutdown()
    assert found.returncode == code
    assert "9108" in " ".join(_all("EXPOSE"))
    assert any("METRICS_LISTEN=0.0.0.0:9108" in rest for rest in _all("ENV"))


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_the_unit_is_one_that_systemd_takes(tmp_path: Path) -> None:
    """Only that the program is not installed here may be amiss."""
    text = (ROOT / "docs/operations/straitwatch.service").read_text(encoding="utf-8")
    unit = tmp_path / "straitwatch.service"
    unit.write_text(re.sub(r"ExecStart=\S+", f"ExecStart={shutil.which('true')}", text), encoding="utf-8")
    found = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False
    )
    assert "straitwatch.service" not in found.stderr
    assert found.returncode == 0, found.stderr
    assert re.search(r"^ExecStart=/opt/straitwatch/bin/straitwatch run$", text, re.MULTILINE)
    (made,) = re.findall(r"^User=(\w+)$", text, re.MULTILINE)
    assert made != "root"
