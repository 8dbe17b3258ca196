"""Turn stored articles into what a query is tried on: the same for the command line and for a chat. Pure."""

from bot.storage.archive import Filed, fields_of
from rules.backtest import Stored
from rules.query import Document


def stored_of(filed: Filed) -> Stored:
    """Give an article of the archive as the rule language saw it when it came."""
    article = filed.article
    fields = dict(fields_of(filed, now=article.fetched_at))
    return Stored(
        document=Document.of(title=article.title, text=article.body, fields=fields),
        published_at=min(article.at, article.fetched_at),
        story_id=filed.story_id,
    )
