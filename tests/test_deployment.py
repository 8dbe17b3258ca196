"""The files to deploy with name settings, commands and measurements that exist."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from bot.operations.metrics import Metrics
from bot.operations.vitals import Vitals
from bot.settings import PREFIX, Settings

ROOT = Path(__file__).resolve().parent.parent
DEPLOYED = ["Dockerfile", "compose.yaml", "docs/operations/straitwatch.service"]
MEASURED = ["docs/operations/grafana.json", "docs/operations/alerts.yml"]


@pytest.mark.parametrize("name", [*DEPLOYED, "docs/operations.md"])
def test_every_setting_that_is_named_exists(name) -> None:
    named = set(re.findall(rf"{PREFIX}[A-Z_]+", (ROOT / name).read_text(encoding="utf-8")))
    assert named <= {PREFIX + field.upper() for field in Settings.model_fields}


@pytest.mark.parametrize("name", MEASURED)
def test_every_measurement_that_is_asked_for_is_given(name) -> None:
    now = datetime.now(UTC)
    metrics = Metrics()
    for outcome in ("ok", "failed"):
        metrics._polls.labels(outcome)
    page = metrics.page(Vitals(at=now, started_at=now)).decode()
    given = set(re.findall(r"^# TYPE (\S+)", page, re.MULTILINE))
    asked = set(re.findall(r"straitwatch_[a-z_]+", (ROOT / name).read_text(encoding="utf-8")))
    bases = {re.sub(r"_(bucket|count|sum)$", "", one) for one in asked}
    assert bases <= given


def test_the_dashboard_and_the_services_can_be_read() -> None:
    board = json.loads((ROOT / "docs/operations/grafana.json").read_text(encoding="utf-8"))
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    services = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
    assert services["worker"]["command"] == ["worker"]
    assert services["worker"]["read_only"] is True


def test_the_image_runs_without_root() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert re.search(r"^USER \d{5}$", text, re.MULTILINE)
    assert "--require-hashes" in text
