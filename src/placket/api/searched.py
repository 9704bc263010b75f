"""What the log and the figures tell of a search: what narrowed it, how much it found and how near that is.

Never what was asked with: no product, photo or value of a filter.
"""

from dataclasses import dataclass
from typing import Any, Literal

from starlette.requests import Request

from placket.services.searching import Found, SearchOptions

By = Literal["product", "photo", "link"]


@dataclass(frozen=True, slots=True)
class Searched:
    """One search that was answered, whatever it found."""

    service: str
    by: By
    options: SearchOptions
    found: Found

    @property
    def outcome(self) -> Literal["found", "below_threshold", "nothing_passes"]:
        """``nothing_passes``: no product of the service passes the filters, or it has none."""
        if self.found.matches:
            return "found"
        return "nothing_passes" if self.found.best is None else "below_threshold"

    def logged(self) -> dict[str, Any]:
        """Fields of the request's line in the log."""
        return {
            "service": self.service,
            "search": self.by,
            "limit": self.options.limit,
            "threshold": self.options.threshold,
            "collapse": self.options.collapse,
            "filters": sorted({c.field for c in self.options.conditions}),
            "tags": sorted({label.partition(":")[0] for c in self.options.labels for label in c.labels}),
            "same": list(self.options.same),
            "found": len(self.found.matches),
            "best": self.found.best,
        }


def note_search(request: Request, service: str, by: By, options: SearchOptions, found: Found) -> None:
    """Has the request counted and logged as a search."""
    request.state.searched = Searched(service, by, options, found)
