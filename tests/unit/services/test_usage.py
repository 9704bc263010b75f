"""Which days a report of usage is of."""

from datetime import UTC, date, datetime, timedelta

import pytest

from placket.domain.errors import InvalidParameter
from placket.services.usage import MOST_DAYS, period

LAST = date(2026, 11, 27)


def test_thirty_days_to_today_where_none_are_given() -> None:
    before = datetime.now(UTC).date()
    first, last = period(None, None)
    assert before <= last <= datetime.now(UTC).date()
    assert last - first == timedelta(days=29)
    assert period(None, LAST) == (date(2026, 10, 29), LAST)
    assert period(None, date.min) == (date.min, date.min)


@pytest.mark.parametrize(("days", "taken"), [(1, True), (MOST_DAYS, True), (MOST_DAYS + 1, False), (0, False)])
def test_a_year_at_the_most_and_the_first_not_after_the_last(days: int, taken: bool) -> None:
    first = LAST - timedelta(days=days - 1)
    if taken:
        assert period(first, LAST) == (first, LAST)
    else:
        with pytest.raises(InvalidParameter):
            period(first, LAST)
