"""The last hour in figures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placket.services.traffic import MINUTES, Minute, Traffic


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0 * 60

    def __call__(self) -> float:
        return self.now


@given(st.lists(st.floats(0.0006, 100), min_size=1, max_size=50))
def test_quantiles_to_within_five_percent(seconds: list[float]) -> None:
    traffic = Traffic(Clock())
    for s in seconds:
        traffic.record(s, failed=False)
    minute = traffic.minutes()[-1]
    ordered = sorted(seconds)
    for share, found in ((0.5, minute.p50), (0.95, minute.p95)):
        exact = next(s for n, s in enumerate(ordered, 1) if n >= share * len(ordered))
        assert found == pytest.approx(exact, rel=0.05)


@pytest.mark.parametrize("minute", [0, 1, 58, 59, 60])
def test_a_machine_that_has_just_started_has_had_no_call(minute: int) -> None:
    traffic = Traffic(lambda: minute * 60.0)
    assert traffic.minutes() == [Minute(ago, 0, 0, None, None) for ago in range(MINUTES - 1, -1, -1)]


def test_minutes_pass_and_the_ring_comes_round() -> None:
    clock = Clock()
    traffic = Traffic(clock)
    assert traffic.minutes() == [Minute(ago, 0, 0, None, None) for ago in range(MINUTES - 1, -1, -1)]
    for failed in (True, False, False):
        traffic.record(0.01, failed=failed)
    clock.now += 59.9
    assert (traffic.minutes()[-1].requests, traffic.minutes()[-1].errors) == (3, 1)
    clock.now += 59 * 60
    assert (traffic.minutes()[0].requests, traffic.minutes()[0].ago) == (3, 59)
    clock.now += 60
    assert sum(m.requests for m in traffic.minutes()) == 0
    traffic.record(0.02, failed=False)
    assert [m.requests for m in traffic.minutes()] == [0] * 59 + [1]


@pytest.mark.parametrize(("seconds", "least", "most"), [(0.0, 0, 0.0005), (1e6, 100, 130)])
def test_odd_times_are_counted_at_the_ends(seconds: float, least: float, most: float) -> None:
    traffic = Traffic(Clock())
    traffic.record(seconds, failed=False)
    p50 = traffic.minutes()[-1].p50
    assert p50 is not None and least < p50 <= most
