"""What is measured, for Prometheus; owns prometheus-client. Nothing here carries a token, an address or a text.

Counters and histograms grow with each poll; gauges are read from the database and the parts when they are asked for.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from bot.operations.vitals import Vitals
from bot.pipeline import Told
from bot.storage.lags import Lag

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_LAGS = (60, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400, 259_200)  # seconds: a minute to three days
_INSIDE = (0.25, 0.5, 1, 1.5, 2, 3, 5, 10, 30, 60, 300, 900, 3600)  # seconds: a good poll to an hour's outage
_STAGES = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60)


class Metrics:
    """The measurements of one process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._polls = Counter("straitwatch_polls", "Polls of sources by result", ["result"], registry=self._registry)
        self._items = Counter(
            "straitwatch_items",
            "Items by what became of them: read, flagged, owed, dropped or silent with the reason",
            ["outcome", "reason"],
            registry=self._registry,
        )
        self._alerts = Counter("straitwatch_alerts", "Alerts by reason", ["reason"], registry=self._registry)
        self._lag = Histogram(
            "straitwatch_alert_lag_seconds",
            "From publication of the article to the decision to tell, by the tier of its source",
            ["tier"],
            buckets=_LAGS,
            registry=self._registry,
        )
        self._published_to_accepted = Histogram(
            "straitwatch_published_to_accepted_seconds",
            "From publication of the article to the alert accepted by Telegram, a message each, by the source's tier",
            ["tier"],
            buckets=_LAGS,
            registry=self._registry,
        )
        self._fetched_to_accepted = Histogram(
            "straitwatch_fetched_to_accepted_seconds",
            "The part of it since the poll that brought the article, a message each, by the source's tier",
            ["tier"],
            buckets=_INSIDE,
            registry=self._registry,
        )
        self._stage = Histogram(
            "straitwatch_stage_seconds",
            "Time of one poll in each stage: fetch, choose, assess, wait (for the grouping lock), store",
            ["stage"],
            buckets=_STAGES,
            registry=self._registry,
        )

    def note(self, told: Told) -> None:
        """Count what one poll led to."""
        self._polls.labels("failed" if told.failed else "ok").inc()
        for what, number in told.counts.items():
            outcome, _, reason = what.partition(":")
            self._items.labels(outcome, reason).inc(number)
        for alert in told.alerts:
            self._alerts.labels(alert.reason.value).inc()
        for tier, seconds in told.lags:
            self._lag.labels(str(tier)).observe(seconds)
        for stage, seconds in told.seconds.items():
            self._stage.labels(stage).observe(seconds)

    def note_accepted(self, lag: Lag) -> None:
        """Count one alert that Telegram accepted. Those that a chat's own settings held back are not to be given."""
        self._published_to_accepted.labels(str(lag.tier)).observe(lag.since_publication)
        self._fetched_to_accepted.labels(str(lag.tier)).observe(lag.inside)

    def page(self, vitals: Vitals) -> bytes:
        """Write all measurements, and the vitals as gauges, in Prometheus's text format."""
        registry = CollectorRegistry()
        registry.register(_Vital(vitals))
        return generate_latest(self._registry) + generate_latest(registry)


class _Vital(Collector):
    """Turns vitals into gauges."""

    def __init__(self, vitals: Vitals) -> None:
        self._vitals = vitals

    def collect(self) -> Iterator[Metric]:
        """Give the gauges of this moment."""
        vitals = self._vitals
        yield InfoMetricFamily(
            "straitwatch_build",
            "Versions in use",
            value={"version": vitals.version, "model": vitals.model, "rules": vitals.rules},
        )
        yield _gauge("straitwatch_database_up", "1 where the database answers", float(not vitals.database))
        yield _gauge("straitwatch_leading", "1 where this process sends, talks and plans", float(vitals.leading))
        yield _gauge("straitwatch_disk_free_bytes", "Free space beside the database", float(vitals.disk_free))
        yield _family("straitwatch_outbox_deliveries", "Deliveries by state", "state", vitals.owed)
        yield _gauge("straitwatch_outbox_oldest_seconds", "Age of the oldest delivery that is due", _age(vitals))
        yield _gauge("straitwatch_pacing_free", "Requests that may leave at once", float(vitals.pace_free))
        yield _gauge("straitwatch_pacing_waiting_chats", "Chats that pacing holds back", float(vitals.pace_blocked))
        yield _family("straitwatch_sources", "Sources by health", "state", vitals.sources_by_state)
        yield _family("straitwatch_source_failures", "Failures in a row", "source", vitals.failures_by_source)
        yield _family(
            "straitwatch_job_failing", "1 for a job that failed last time", "job", dict.fromkeys(vitals.jobs, 1)
        )
        yield _gauge(
            "straitwatch_last_fetch_seconds", "Since any source answered", _since(vitals.last_success_at, vitals.at)
        )
        sent = CounterMetricFamily("straitwatch_sends", "Requests to Telegram by result", labels=["result"])
        for result, number in vitals.sends.items():
            sent.add_metric([result], number)
        yield sent


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=value)


def _family(name: str, text: str, label: str, values: Mapping[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _age(vitals: Vitals) -> float:
    return 0.0 if vitals.oldest_due_at is None else _since(vitals.oldest_due_at, vitals.at)


def _since(at: datetime | None, now: datetime) -> float:
    return float("nan") if at is None else max(0.0, (now - at).total_seconds())
