"""What the words beside a task's image say about it."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE tag_images ADD COLUMN hints jsonb NOT NULL DEFAULT '{}'")
