"""Articles that came to their story lately are found by an index."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change."""
    op.create_index(op.f("ix_story_articles_added_at"), "story_articles", ["added_at"])


def downgrade() -> None:
    """Undo the change."""
    op.drop_index(op.f("ix_story_articles_added_at"), "story_articles")
