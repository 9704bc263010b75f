"""A project has only so many bytes of photos waiting; what has ended makes room."""

from contextlib import ExitStack

import pytest

from placket.domain.errors import RateLimited
from placket.vision.waiting import WaitingRoom


def test_a_project_that_has_too_many_is_refused_and_no_other() -> None:
    room = WaitingRoom(100)
    with ExitStack() as waiting:
        for size in (60, 40):
            waiting.enter_context(room.place(1, size))
        with pytest.raises(RateLimited), room.place(1, 1):
            pass
        with room.place(2, 100):
            pass
    with room.place(1, 100):
        pass


def test_one_photo_is_taken_whatever_its_size() -> None:
    room = WaitingRoom(100)
    with room.place(1, 101), pytest.raises(RateLimited), room.place(1, 1):
        pass


def test_a_photo_that_failed_makes_room() -> None:
    room = WaitingRoom(100)
    with pytest.raises(ValueError), room.place(1, 100):
        raise ValueError
    with room.place(1, 100):
        pass
