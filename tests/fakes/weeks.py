"""A database with weeks of stories in it, made from a seed: the same seed makes the same weeks."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine

from bot.alerting.charting import ChartSpec
from bot.domain import (
    Alert,
    AlertReason,
    Article,
    Assessment,
    Chat,
    Direction,
    Severity,
    Source,
    SourceKind,
    Stage,
    Story,
    Subscription,
    Topic,
)
from bot.storage import articles as article_rows
from bot.storage import sources as source_rows
from bot.storage import stories as story_rows
from bot.storage.chats import save_chat
from bot.storage.database import open_engine
from bot.storage.schema import metadata
from bot.storage.schema import sources as sources_table
from bot.storage.subscriptions import save_subscription
from tests.fakes.values import article, assessment, member, story

GOODS = ("gallium", "germanium", "graphite", "lithium", "chips", "wafers", "magnets", "antimony")
WHO = ("Ministry", "Bureau", "Commission", "Agency", "Customs office")


def open_world(address: str) -> Engine:
    """Open a database with all tables; nothing in it."""
    engine = open_engine(address)
    metadata.create_all(engine)
    return engine


def add_sources(tx: Connection, number: int, *, healthy: int, now: datetime) -> None:
    """Add sources, the last of which fail."""
    for place in range(number):
        one = Source(
            id=f"source{place:02}",
            name=f"Source {place:02}",
            url=f"https://source{place:02}.example/feed",
            kind=SourceKind.FEED,
            tier=1 + place % 5,
            publisher=f"publisher{place % 20}",
        )
        source_rows.add(tx, one, added_by="test")
        fails = place >= healthy
        tx.execute(
            sources_table.update()
            .where(sources_table.c.id == one.id)
            .values(
                error_streak=9 if fails else 0,
                last_polled_at=now - timedelta(hours=1),
                last_success_at=now - timedelta(days=4 if fails else 0, hours=1),
            )
        )


def make_stories(number: int, *, start: datetime, end: datetime, seed: int = 7) -> Iterator[tuple[Story, Any, Any]]:
    """Give stories with one to three articles, spread over [start, end), as (story, articles, assessments)."""
    chance = random.Random(seed)
    for place in range(number):
        at = start + (end - start) * chance.random()
        topic = chance.choice(list(Topic))
        good, who = chance.choice(GOODS), chance.choice(WHO)
        direction = chance.choices(list(Direction), (5, 3, 1, 1))[0]
        stage = chance.choice([Stage.PROPOSAL, Stage.ANNOUNCED, Stage.IN_FORCE, Stage.SUSPENDED])
        severity = chance.choices(list(Severity), (1, 3, 4, 2, 1))[0]
        articles: list[Article] = []
        assessments: list[Assessment] = []
        members = []
        for copy in range(chance.randint(1, 3)):
            key = f"{seed}-{place}-{copy}"
            one = article(
                id=f"a{key}",
                source_id=f"source{copy:02}",
                publisher=f"publisher{chance.randint(0, 9)}",
                tier=chance.randint(1, 5),
                url=f"https://news{copy}.example/{key}?good={good}&who={place}",
                title=f"{who} changes the rules for {good} & more, case {place}",
                summary=f"The {who.lower()} said that rules for {good} change on the day of case {place}.",
                published_at=at,
                fetched_at=at + timedelta(minutes=copy),
            )
            articles.append(one)
            assessments.append(assessment(article_id=one.id, topics=(topic,), direction=direction, stage=stage))
            members.append(
                member(
                    article_id=one.id,
                    source_id=one.source_id,
                    publisher=one.publisher,
                    tier=one.tier,
                    url=one.url,
                    title=one.title,
                    at=one.fetched_at,
                    official=copy == 1 and one.tier == 1,
                )
            )
        effective = (end + timedelta(days=chance.randint(1, 60))).date() if place % 7 == 0 else None
        yield (
            story(
                id=f"s{seed}-{place}",
                headline=articles[0].title,
                topics=(topic,),
                direction=direction,
                stage=stage,
                severity=severity,
                articles=tuple(members),
                effective_on=effective,
                first_at=at,
                last_at=at,
            ),
            articles,
            assessments,
        )


def add_stories(tx: Connection, number: int, *, start: datetime, end: datetime, seed: int = 7) -> list[Story]:
    """Store stories, each with its alert; every tenth got a change of stage as well."""
    added = []
    for place, (one, articles, assessments) in enumerate(make_stories(number, start=start, end=end, seed=seed)):
        article_rows.add_articles(tx, articles)
        story_rows.save_assessments(tx, assessments, now=one.first_at)
        story_rows.save_story(tx, one, now=one.first_at)
        alert = Alert(id=f"al-{one.id}", story_id=one.id, reason=AlertReason.NEW_STORY, decided_at=one.first_at)
        story_rows.save_alerts(tx, [(alert, one)])
        if place % 10 == 0:
            change = replace(alert, id=f"ch-{one.id}", reason=AlertReason.STAGE_CHANGED, was=Stage.RUMOUR.value)
            story_rows.save_alerts(tx, [(change, one)])
        added.append(one)
    return added


def add_unflagged(tx: Connection, number: int, *, start: datetime, end: datetime) -> None:
    """Store articles that were read and not flagged."""
    for place in range(number):
        at = start + (end - start) * (place / number)
        one = article(
            id=f"n{place}",
            url=f"https://news.example/n{place}",
            title=f"Analyst comments on gallium prices, part {place}",
            published_at=at,
            fetched_at=at,
        )
        article_rows.add_articles(tx, [one])
        verdict = assessment(article_id=one.id, flagged=False, probability=0.4 * place / number, reason="too unsure")
        story_rows.save_assessments(tx, [verdict], now=at)


def add_chats(tx: Connection, chats: list[Chat], rules: list[Subscription]) -> None:
    """Store chats and their rules."""
    for chat in chats:
        save_chat(tx, chat)
    for rule in rules:
        save_subscription(tx, rule)


def sample_chart(look: str = "dark") -> ChartSpec:
    """Give what the picture of a busy week shows."""
    return ChartSpec(
        title="Alerts a day, 10 Nov – 23 Nov 2026",
        days=tuple(str(day) for day in range(10, 24)),
        up=(3, 5, 2, 0, 0, 7, 4, 6, 9, 3, 12, 1, 0, 8),
        down=(1, 0, 2, 0, 0, 1, 3, 0, 2, 5, 1, 0, 0, 2),
        up_label="tightening",
        down_label="easing",
        now_from=6,
        heat_title="Stories by topic, in the week to",
        topics=(
            "Export controls",
            "Entity listings",
            "Tariffs and trade measures",
            "Critical minerals",
            "Logistics disruptions",
            "Production disruptions",
            "Trade deals",
        ),
        weeks=("19\nOct", "26\nOct", "2\nNov", "9\nNov", "16\nNov", "23\nNov"),
        heat=(
            (3, 4, 2, 5, 4, 9),
            (0, 1, 2, 0, 1, 4),
            (7, 6, 9, 8, 6, 5),
            (1, 0, 0, 2, 3, 12),
            (0, 0, 1, 0, 0, 2),
            (1, 0, 0, 0, 0, 1),
            (0, 1, 0, 2, 1, 0),
        ),
        nothing="No alerts in six weeks",
        look=look,
    )
