"""Projects, keys, services, documents with their garments, index runs, and the queue."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_STATEMENTS = (
    "CREATE EXTENSION IF NOT EXISTS vector",
    # One row of secrets and facts of this installation, the same for every process that shares the database.
    """
    CREATE TABLE installation (
        name text PRIMARY KEY,
        value text NOT NULL
    )
    """,
    """
    CREATE TABLE projects (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name text NOT NULL UNIQUE,
        created_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    """
    CREATE TABLE api_keys (
        id text PRIMARY KEY,
        project_id bigint NOT NULL REFERENCES projects ON DELETE CASCADE,
        name text NOT NULL,
        secret_hash bytea NOT NULL,
        rate_per_second double precision,
        created_at timestamptz NOT NULL DEFAULT now(),
        revoked_at timestamptz
    )
    """,
    "CREATE INDEX api_keys_project ON api_keys (project_id)",
    """
    CREATE TABLE services (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        project_id bigint NOT NULL REFERENCES projects ON DELETE CASCADE,
        name text NOT NULL,
        bundle text NOT NULL,
        revision bigint NOT NULL DEFAULT 0,
        document_count integer NOT NULL DEFAULT 0,
        created_at timestamptz NOT NULL DEFAULT now(),
        deleted_at timestamptz
    )
    """,
    # A deleted service frees its name at once; its rows are purged behind the scenes.
    "CREATE UNIQUE INDEX services_name ON services (project_id, name) WHERE deleted_at IS NULL",
    # A deleted product stays as a tombstone, so that every process's search index can follow by revision.
    """
    CREATE TABLE documents (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        service_id bigint NOT NULL REFERENCES services ON DELETE CASCADE,
        product_id text COLLATE "C" NOT NULL,
        revision bigint NOT NULL,
        deleted boolean NOT NULL DEFAULT false,
        name text NOT NULL DEFAULT '',
        category1_id text NOT NULL DEFAULT '',
        category2_id text NOT NULL DEFAULT '',
        category3_id text NOT NULL DEFAULT '',
        image_url text NOT NULL DEFAULT '',
        s1 text NOT NULL DEFAULT '',
        s2 text NOT NULL DEFAULT '',
        image_sha256 text NOT NULL DEFAULT '',
        width integer NOT NULL DEFAULT 0,
        height integer NOT NULL DEFAULT 0,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        UNIQUE (service_id, product_id)
    )
    """,
    "CREATE INDEX documents_revision ON documents (service_id, revision)",
    """
    CREATE TABLE garments (
        document_id bigint NOT NULL REFERENCES documents ON DELETE CASCADE,
        bundle text NOT NULL,
        ordinal smallint NOT NULL,
        data jsonb NOT NULL,
        embedding vector(256) NOT NULL,
        PRIMARY KEY (document_id, bundle, ordinal)
    )
    """,
    # The bytes of photos that came by upload: they have no URL to be fetched from again.
    """
    CREATE TABLE uploads (
        service_id bigint NOT NULL REFERENCES services ON DELETE CASCADE,
        product_id text COLLATE "C" NOT NULL,
        image bytea NOT NULL,
        PRIMARY KEY (service_id, product_id)
    )
    """,
    """
    CREATE TABLE index_runs (
        id uuid PRIMARY KEY,
        service_id bigint NOT NULL REFERENCES services ON DELETE CASCADE,
        sequence bigint GENERATED ALWAYS AS IDENTITY,
        kind text NOT NULL,
        filename text NOT NULL,
        bundle text NOT NULL,
        state text NOT NULL,
        reserved_at timestamptz NOT NULL DEFAULT now(),
        started_at timestamptz,
        finished_at timestamptz,
        add_cnt integer NOT NULL DEFAULT 0,
        fail_cnt integer NOT NULL DEFAULT 0,
        delete_cnt integer NOT NULL DEFAULT 0,
        update_cnt integer NOT NULL DEFAULT 0,
        total_cnt integer NOT NULL,
        next_chunk integer NOT NULL DEFAULT 0,
        chunk_count integer NOT NULL,
        cancelled boolean NOT NULL DEFAULT false,
        error text NOT NULL DEFAULT '',
        callback_url text NOT NULL DEFAULT ''
    )
    """,
    "CREATE INDEX index_runs_service ON index_runs (service_id, sequence)",
    "CREATE INDEX index_runs_finished ON index_runs (finished_at)",
    """
    CREATE TABLE index_rows (
        run_id uuid NOT NULL REFERENCES index_runs ON DELETE CASCADE,
        position integer NOT NULL,
        line integer NOT NULL,
        product_id text COLLATE "C" NOT NULL,
        status text NOT NULL,
        fields jsonb,
        outcome text,
        reason text NOT NULL DEFAULT '',
        detail text NOT NULL DEFAULT '',
        PRIMARY KEY (run_id, position)
    )
    """,
    """
    CREATE TABLE index_chunks (
        run_id uuid NOT NULL REFERENCES index_runs ON DELETE CASCADE,
        number integer NOT NULL,
        first_position integer NOT NULL,
        last_position integer NOT NULL,
        results bytea,
        PRIMARY KEY (run_id, number)
    )
    """,
    # The queue. A job is claimed with a lease; whoever stops renewing it loses the job to another worker.
    """
    CREATE TABLE jobs (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        kind text NOT NULL,
        project_id bigint REFERENCES projects ON DELETE CASCADE,
        subject text NOT NULL,
        payload jsonb NOT NULL DEFAULT '{}',
        attempts integer NOT NULL DEFAULT 0,
        not_before timestamptz NOT NULL DEFAULT now(),
        lease_until timestamptz,
        worker text,
        created_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    "CREATE INDEX jobs_subject ON jobs (subject, id)",
    # Whose turn it was last, so that projects, and the runs and tasks of each, share the workers evenly.
    """
    CREATE TABLE queue_turns (
        project_id bigint PRIMARY KEY REFERENCES projects ON DELETE CASCADE,
        last_claim timestamptz NOT NULL
    )
    """,
    """
    CREATE TABLE subject_turns (
        subject text PRIMARY KEY,
        last_claim timestamptz NOT NULL
    )
    """,
    """
    CREATE TABLE workers (
        name text PRIMARY KEY,
        seen_at timestamptz NOT NULL
    )
    """,
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
