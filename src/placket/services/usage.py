"""What keys have used, and may use."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from placket.domain.errors import InvalidParameter
from placket.services.stores import Caller
from placket.services.task_stores import Allowance, UsageDay, UsageStore

MOST_DAYS = 366
_UNLESS_TOLD = 30
"""Days of a report, the last one counted."""


@dataclass(frozen=True, slots=True)
class UsageReport:
    """``days``: of every key of the project, those with any use; ``allowance``: the asking key's own month."""

    first: date
    last: date
    days: Sequence[UsageDay]
    allowance: Allowance


class Usage:
    def __init__(self, store: UsageStore) -> None:
        self._store = store

    async def report(self, caller: Caller, first: date | None = None, last: date | None = None) -> UsageReport:
        """Without ``first``, the 30 days up to ``last``; without ``last``, to today (UTC). Raises InvalidParameter."""
        first, last = period(first, last)
        days = await self._store.days(project_id=caller.project_id, first=first, last=last)
        return UsageReport(first, last, days, await self._store.allowance(caller.key_id))

    async def everyone(self, first: date | None = None, last: date | None = None) -> list[UsageDay]:
        """Of every key of every project. Raises InvalidParameter."""
        first, last = period(first, last)
        return await self._store.days(project_id=None, first=first, last=last)


def period(first: date | None, last: date | None) -> tuple[date, date]:
    last = last or datetime.now(UTC).date()
    before = timedelta(days=_UNLESS_TOLD - 1)
    first = first or max(date.min + before, last) - before
    if not first <= last or (last - first).days >= MOST_DAYS:
        raise InvalidParameter(f"the days must be 1 to {MOST_DAYS}, the first not after the last")
    return first, last
