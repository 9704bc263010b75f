"""How a list of index runs is sorted: ``{item}:asc`` or ``{item}:desc``."""

from placket.domain.errors import InvalidParameter

PAGED = 1000
"""How far a list of runs can be paged (AI Fashion v1.0 guide, "Paging")."""

SORT_KEYS = {
    "requestedTime": "reserved_at",
    "reservedTime": "reserved_at",
    "startTime": "started_at",
    "finishTime": "finished_at",
    "addCnt": "added",
    "failCnt": "failed",
    "deleteCnt": "deleted",
    "updateCnt": "updated",
    "totalCnt": "total",
}
"""The item of the request and the field of a run; the guide has two names for the first."""


def run_order(order: str) -> tuple[str, bool]:
    """(field of Run, descending). Raises InvalidParameter."""
    item, _, direction = order.partition(":")
    if item not in SORT_KEYS or direction not in ("asc", "desc"):
        raise InvalidParameter(f"order must be one of {', '.join(SORT_KEYS)}, followed by :asc or :desc")
    return SORT_KEYS[item], direction == "desc"
