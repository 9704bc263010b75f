"""Untrusted URL to bytes: address policy, limits, and the one client that goes out."""

from placket.fetching.client import SafeClient
from placket.fetching.counting import CountingClient

__all__ = ["CountingClient", "SafeClient"]
