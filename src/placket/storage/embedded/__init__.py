"""A private PostgreSQL in the data directory: nothing outside it is changed, nobody else can connect."""

from placket.storage.embedded.lifecycle import EmbeddedPostgres

__all__ = ["EmbeddedPostgres"]
