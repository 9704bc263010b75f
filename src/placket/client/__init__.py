"""Placket from Python: ``Placket(url, key)``, or ``AsyncPlacket`` with the same calls awaited.

Needs httpx and nothing of the server. What goes wrong is in :mod:`placket.client.errors`, what answers look like in
:mod:`placket.client.shapes`.
"""

from placket.client import errors
from placket.client.client import AsyncPlacket, Placket
from placket.client.tagger import entry

__all__ = ["AsyncPlacket", "Placket", "entry", "errors"]
