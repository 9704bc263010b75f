"""What an API key is for."""

from enum import StrEnum


class Access(StrEnum):
    """``SEARCH``: similar products, photos looked at and searched with, a product by its id. Nothing that changes
    anything, lists what there is, or counts against a month's images: what a shop's visitors may do.
    """

    FULL = "full"
    SEARCH = "search"
