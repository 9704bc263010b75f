"""Exact filtered similarity search over the products of a service."""

from placket.search.memory import MemorySearch, Statistics

__all__ = ["MemorySearch", "Statistics"]
