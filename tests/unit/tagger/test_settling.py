"""Which entries of a request are in."""

import pytest

from placket.domain.tagger.bulk import Entry, Rejected, settle
from placket.domain.tagger.errors import NothingAccepted


def entry(image_id: str, url: str = "http://images.test/1") -> Entry:
    return Entry(image_id, url, (), {"id": image_id})


def test_the_first_of_an_id_that_the_task_does_not_have_yet_is_in() -> None:
    settled = settle([entry("a"), entry("b"), entry("a", "http://images.test/2"), entry("old")], ["old"], strict=False)
    assert [e.url for e in settled.accepted if e.image_id == "a"] == ["http://images.test/1"]
    assert [e.image_id for e in settled.accepted] == ["a", "b"]
    assert [r.sent["id"] for r in settled.rejected] == ["a", "old"]


@pytest.mark.parametrize(
    ("items", "strict", "told", "rejected"),
    [
        ([entry("a"), Rejected({}, "wrong")], True, "1 of 2 entries are invalid", 1),
        ([Rejected({}, "wrong")], True, "no entry is valid", 1),
        ([Rejected({}, "wrong"), entry("old")], False, "no entry is valid", 2),
    ],
)
def test_all_or_nothing(items: list[Entry | Rejected], strict: bool, told: str, rejected: int) -> None:
    with pytest.raises(NothingAccepted, match=told) as failure:
        settle(items, ["old"], strict=strict)
    assert len(failure.value.rejected) == rejected


def test_strict_takes_what_is_wholly_valid() -> None:
    assert len(settle([entry("a"), entry("b")], (), strict=True).accepted) == 2
