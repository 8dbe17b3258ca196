"""/topics, /subscribe and /unsubscribe: topics and roles as subscriptions."""

from bot.storage.subscriptions import delete_subscription, subscriptions_of
from bot.telegram.commands.turns import Answer, Turn, bold, line, reply
from bot.telegram.markup import one_line
from bot.telegram.menus.roles import ROLES, Role, chosen_topics, named, title_of, topic_named
from bot.telegram.menus.topics import add_role, set_topics, topics_menu


def topics(turn: Turn) -> Answer:
    """Show the topic buttons; a topic behind the command is switched on first."""
    return subscribe(turn) if turn.args else topics_menu(turn)


def subscribe(turn: Turn) -> Answer:
    """Subscribe to a topic or a role; without one, show the buttons."""
    if not turn.args:
        return topics_menu(turn)
    topic = topic_named(turn.args)
    role = _role(turn, turn.args)
    if topic is not None:
        set_topics(turn, chosen_topics(subscriptions_of(turn.tx, turn.chat.key)) | {topic})
        name = turn.words.topic(topic)
    elif role is not None:
        add_role(turn, role)
        name = turn.t(role.name)
    else:
        return _unknown(turn)
    return reply(line(turn.t("Subscribed:"), " ", bold(name)), line(turn.t("/topics shows all, /settings the level.")))


def unsubscribe(turn: Turn) -> Answer:
    """End a subscription: a topic, a role or a rule by its name; `all` ends everything."""
    key = turn.chat.key
    subscriptions = subscriptions_of(turn.tx, key)
    if not subscriptions:
        return reply(turn.t("There is no subscription here. /topics adds some."))
    if not turn.args:
        names = ", ".join(title_of(one.name, turn.words) for one in subscriptions)
        return reply(
            line(turn.t("Subscribed:"), " ", bold(names)),
            line(turn.t("Name what to end: /unsubscribe TOPIC, a rule's name, or all. /pause only holds alerts back.")),
        )
    if turn.args.casefold() in {"all", "everything", "alles", turn.t("everything").casefold()}:
        for one in subscriptions:
            delete_subscription(turn.tx, key, one.id)
        ended = turn.n("{count} subscription ended.", "{count} subscriptions ended.", len(subscriptions))
        return reply(ended, turn.t("You get no alerts any more. /topics begins anew."))
    topic, role, rule = topic_named(turn.args), _role(turn, turn.args), named(subscriptions, turn.args)
    chosen = chosen_topics(subscriptions)
    if rule is None and role is not None:
        rule = named(subscriptions, role.name)
    if rule is not None:
        delete_subscription(turn.tx, key, rule.id)
        name = rule.name
    elif topic is not None and topic in chosen:
        set_topics(turn, chosen - {topic})
        name = turn.words.topic(topic)
    elif role is not None and chosen & set(role.topics):
        set_topics(turn, chosen - set(role.topics))
        name = turn.t(role.name)
    else:
        return _unknown(turn)
    return reply(line(turn.t("Ended:"), " ", bold(one_line(name, 100))))


def _role(turn: Turn, text: str) -> Role | None:
    folded = text.strip().casefold()
    names = {role.id: {role.id, role.name.casefold(), turn.t(role.name).casefold()} for role in ROLES}
    return next((role for role in ROLES if folded in names[role.id]), None)


def _unknown(turn: Turn) -> Answer:
    from difflib import get_close_matches  # noqa: PLC0415 - for faults only

    from bot.domain import Topic  # noqa: PLC0415 - the same

    names = [topic.value for topic in Topic] + [role.id for role in ROLES]
    close = get_close_matches(turn.args.casefold().replace(" ", "_")[:40], names, n=3, cutoff=0.5)
    said = turn.t("I know no topic, role or rule “{name}” here.", name=one_line(turn.args, 60))
    meant = turn.t("Did you mean {commands}?", commands=", ".join(close)) if close else ""
    listed = turn.t("Topics: {topics}", topics=", ".join(topic.value for topic in Topic))
    roles = turn.t("Roles: {roles}", roles=", ".join(role.id for role in ROLES))
    return reply(*(text for text in (said, meant, listed, roles) if text))
