"""The topic buttons: each says what it switches to, so that pressing twice or out of order does no harm."""

from collections.abc import Collection

from bot.domain import Subscription, Topic
from bot.storage.subscriptions import delete_subscription, save_subscription, subscriptions_of
from bot.telegram.commands.turns import Answer, Turn, bold, line, rows, say
from bot.telegram.menus.roles import (
    ROLES,
    TOPICS_NAME,
    Role,
    chosen_topics,
    free_name,
    named,
    new_id,
    role_of,
    with_topics,
)

ON, OFF = "✅", "▫️"


def topics_menu(turn: Turn, *, edit: bool = False, toast: str = "") -> Answer:
    """Show the topics and ready-made rules with what is on."""
    subscriptions = subscriptions_of(turn.tx, turn.chat.key)
    chosen = chosen_topics(subscriptions)
    buttons = [
        turn.button(
            f"{ON if topic in chosen else OFF} {turn.words.topic(topic)}",
            "topic",
            f"{topic.value}.{_to(topic in chosen)}",
        )
        for topic in Topic
    ]
    presets = []
    for role in _rules():
        on = named(subscriptions, role.name) is not None
        presets.append(turn.button(f"{ON if on else OFF} {turn.t(role.name)}", "topic", f"{role.id}.{_to(on)}"))
    ends = [turn.button(turn.t("All"), "topic", "all.1"), turn.button(turn.t("None"), "topic", "all.0")]
    count = turn.n("{count} topic is on.", "{count} topics are on.", len(chosen))
    blocks = (
        line(bold(turn.t("Topics"))),
        line(turn.t("Tap what you want to be told about."), " ", count),
    )
    parts = say(*blocks, buttons=(*rows(buttons, 2), tuple(presets), tuple(ends)))
    return Answer(parts=parts, edit=edit, toast=toast, menu={"menu": "topics"})


def toggle(turn: Turn) -> Answer:
    """Switch one topic, a ready-made rule, or all topics, to what the button said."""
    name, _, wanted = turn.args.partition(".")
    on = wanted == "1"
    role = role_of(name)
    if name == "all":
        set_topics(turn, tuple(Topic) if on else ())
    elif role is not None and role.query:
        set_preset(turn, role, on=on)
    elif name in {topic.value for topic in Topic}:
        chosen = chosen_topics(subscriptions_of(turn.tx, turn.chat.key))
        set_topics(turn, chosen | {Topic(name)} if on else chosen - {Topic(name)})
    return topics_menu(turn, edit=True, toast=turn.t("On") if on else turn.t("Off"))


def set_topics(turn: Turn, topics: Collection[Topic]) -> None:
    """Write a choice of topics as the chat's topic subscription."""
    key = turn.chat.key
    subscriptions = subscriptions_of(turn.tx, key)
    row = with_topics(subscriptions, topics, chat_key=key, now=turn.now)
    if row is not None:
        save_subscription(turn.tx, row)
    elif (old := named(subscriptions, TOPICS_NAME)) is not None:
        delete_subscription(turn.tx, key, old.id)


def set_preset(turn: Turn, role: Role, *, on: bool) -> None:
    """Add or remove the ready-made rule of a role."""
    key = turn.chat.key
    subscriptions = subscriptions_of(turn.tx, key)
    old = named(subscriptions, role.name)
    if old is not None and not on:
        delete_subscription(turn.tx, key, old.id)
    elif old is None and on:
        name = free_name(subscriptions, role.name, reserved=())
        save_subscription(
            turn.tx,
            Subscription(
                id=new_id(key, name, turn.now), chat_key=key, name=name, query=role.query, created_at=turn.now
            ),
        )


def add_role(turn: Turn, role: Role) -> None:
    """Subscribe a chat to what a role wants, beside what it has."""
    if role.query:
        set_preset(turn, role, on=True)
    else:
        set_topics(turn, chosen_topics(subscriptions_of(turn.tx, turn.chat.key)) | set(role.topics))


def _rules() -> list[Role]:
    return [role for role in ROLES if role.query]


def _to(on: bool) -> str:  # noqa: FBT001 - its only argument
    return "0" if on else "1"
