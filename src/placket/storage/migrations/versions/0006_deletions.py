"""Deleted products are found again by when they were deleted, to be forgotten in the end."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE INDEX documents_deleted ON documents (updated_at) WHERE deleted")
