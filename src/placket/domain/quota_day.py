"""When the day of a quota begins."""

from datetime import datetime
from zoneinfo import ZoneInfo


def start_of_day(now: datetime, zone: str) -> datetime:
    """Midnight before ``now`` (aware) in the time zone of this name. Raises ZoneInfoNotFoundError."""
    local = now.astimezone(ZoneInfo(zone))
    # The first of two, where clocks are put back over midnight.
    return local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
