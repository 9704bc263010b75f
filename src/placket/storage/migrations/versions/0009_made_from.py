"""What a product's garments were made from, so that the same need be neither fetched nor looked at again."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Empty: not known, and so looked at once more. A constant default rewrites no table.
    op.execute(
        "ALTER TABLE garments ADD COLUMN made_from text NOT NULL DEFAULT '', ADD COLUMN etag text NOT NULL DEFAULT ''"
    )
