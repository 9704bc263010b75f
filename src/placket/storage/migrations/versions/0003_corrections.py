"""What people corrected about garments, and labels to find products by."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_STATEMENTS = (
    # ``image_sha256``: the photo that it was said about; its box says nothing about another one.
    """
    CREATE TABLE corrections (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        service_id bigint NOT NULL REFERENCES services ON DELETE CASCADE,
        product_id text COLLATE "C" NOT NULL,
        image_sha256 text NOT NULL,
        data jsonb NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    "CREATE INDEX corrections_product ON corrections (service_id, product_id)",
    # ``data`` stays what vision saw; ``correction`` is the one that holds for the garment; ``labels`` follow both.
    "ALTER TABLE garments ADD COLUMN correction jsonb, ADD COLUMN labels text[] NOT NULL DEFAULT '{}'",
    """
    UPDATE garments SET labels = ARRAY(
        SELECT 'group:' || (data->>'group')
        UNION SELECT 'category:' || (data->'category'->>0)
        UNION SELECT tag.key || ':' || (label->>0)
            FROM jsonb_each(data->'tags') tag, jsonb_array_elements(tag.value) label
    )
    """,
    "CREATE INDEX garments_labels ON garments USING gin (labels)",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
