"""Tagging tasks, replies to repeated requests, and what every key has used."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_STATEMENTS = (
    # Counts are entries; ``images`` is the number of distinct images so far. With ``gone_at`` only a stub is left.
    """
    CREATE TABLE tag_tasks (
        id uuid PRIMARY KEY,
        project_id bigint NOT NULL REFERENCES projects ON DELETE CASCADE,
        sequence bigint GENERATED ALWAYS AS IDENTITY,
        album_name text NOT NULL,
        description text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL,
        results_expire_at timestamptz NOT NULL,
        total integer NOT NULL DEFAULT 0,
        done integer NOT NULL DEFAULT 0,
        failed integer NOT NULL DEFAULT 0,
        images integer NOT NULL DEFAULT 0,
        callback_url text NOT NULL DEFAULT '',
        gone_at timestamptz
    )
    """,
    "CREATE INDEX tag_tasks_project ON tag_tasks (project_id, sequence)",
    "CREATE INDEX tag_tasks_results ON tag_tasks (results_expire_at) WHERE gone_at IS NULL",
    "CREATE INDEX tag_tasks_gone ON tag_tasks (gone_at) WHERE gone_at IS NOT NULL",
    # A URL that a task names twice is one image: fetched once, tagged once. ``trials``: how often it was begun alone.
    """
    CREATE TABLE tag_images (
        task_id uuid NOT NULL REFERENCES tag_tasks ON DELETE CASCADE,
        number integer NOT NULL,
        url text NOT NULL,
        url_hash bytea NOT NULL,
        trials smallint NOT NULL DEFAULT 0,
        state text,
        garments jsonb,
        reason text NOT NULL DEFAULT '',
        detail text NOT NULL DEFAULT '',
        PRIMARY KEY (task_id, number)
    )
    """,
    "CREATE INDEX tag_images_url ON tag_images (task_id, url_hash)",
    """
    CREATE TABLE tag_entries (
        task_id uuid NOT NULL REFERENCES tag_tasks ON DELETE CASCADE,
        position integer NOT NULL,
        image_id text COLLATE "C" NOT NULL,
        image integer NOT NULL,
        detection text[] NOT NULL,
        PRIMARY KEY (task_id, position),
        UNIQUE (task_id, image_id)
    )
    """,
    "CREATE INDEX tag_entries_image ON tag_entries (task_id, image)",
    # Answers to requests that carried an Idempotency-Key.
    """
    CREATE TABLE request_replies (
        project_id bigint NOT NULL REFERENCES projects ON DELETE CASCADE,
        key text COLLATE "C" NOT NULL,
        request_hash bytea NOT NULL,
        reply bytea,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (project_id, key)
    )
    """,
    "CREATE INDEX request_replies_created ON request_replies (created_at)",
    "ALTER TABLE api_keys ADD COLUMN images_per_month integer",
    # Days are UTC.
    """
    CREATE TABLE usage_days (
        key_id text NOT NULL REFERENCES api_keys ON DELETE CASCADE,
        day date NOT NULL,
        requests integer NOT NULL DEFAULT 0,
        images integer NOT NULL DEFAULT 0,
        PRIMARY KEY (key_id, day)
    )
    """,
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
