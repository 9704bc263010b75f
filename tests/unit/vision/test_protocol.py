import random

import numpy as np
import pytest

from placket.domain.errors import ImageTooSmall
from placket.domain.garments import Analysis, Box, Garment, Label, Swatch
from placket.domain.hints import NO_HINTS, Hints
from placket.domain.images import TAGGER
from placket.services.ports import Priority
from placket.vision.jobs import INTERACTIVE_TURNS, Job, JobQueue
from placket.vision.protocol import (
    BrokenFrame,
    Frame,
    FrameReader,
    Kind,
    Order,
    decode_analysis,
    decode_failure,
    encode_analysis,
    encode_failure,
)


def an_analysis(garments: int) -> Analysis:
    rng = np.random.default_rng(0)
    made = []
    for i in range(garments):
        vector = rng.normal(size=256).astype(np.float32)
        tags = {"colors": (Label("red", 0.5), Label("navy", 0.25)), "fit": (Label("slim", 0.75),)}
        made.append(
            Garment(
                "TOP",
                Label("shirt", 0.5),
                Box(0.125, 0.25, 0.5, 0.75),
                0.875,
                tags,
                vector,
                (Swatch("#c81e28", "red", 0.5),),
            )
        )
        del i
    return Analysis(640, 480, tuple(made), "v1", "ab" * 32)


@pytest.mark.parametrize("garments", [0, 1, 3])
def test_an_analysis_survives_the_way(garments: int) -> None:
    sent = an_analysis(garments)
    found = decode_analysis(encode_analysis(7, sent))
    assert [g.to_json() for g in found.garments] == [g.to_json() for g in sent.garments]
    for a, b in zip(found.garments, sent.garments, strict=True):
        assert (a.embedding == b.embedding).all()
    assert (found.width, found.height, found.bundle, found.sha256) == (640, 480, "v1", "ab" * 32)


def test_a_failure_survives_the_way() -> None:
    found = decode_failure(encode_failure(Kind.FAILED, 7, ImageTooSmall("1 x 1")))
    assert type(found) is ImageTooSmall
    assert found.detail == "1 x 1"


@pytest.mark.parametrize("box", [None, Box(0.1, 0.2, 0.3, 0.4)])
def test_an_order_survives_the_way(box: Box | None) -> None:
    order = Order("/bundles/v1", TAGGER, box, 1, hints=Hints(("coat", "jeans"), ("men",)) if box else NO_HINTS)
    assert Order.decode(Frame(Kind.PHOTO, 1, order.encode()).json()) == order


def test_frames_are_found_in_whatever_pieces_they_come() -> None:
    sent = [
        Frame(Kind.READY, 0),
        Frame(Kind.STARTED, 5),
        encode_analysis(5, an_analysis(2)),
        Frame(Kind.FAILED, 6, b"{}", b"x"),
    ]
    stream = b"".join(p for f in sent for p in f.parts())
    dice = random.Random(1)
    reader, found = FrameReader(10**6), []
    while stream:
        n = dice.randint(1, 700)
        found += reader.feed(stream[:n])
        stream = stream[n:]
    assert found == sent


@pytest.mark.parametrize(
    "data",
    [
        b"\xff" * 17,
        Frame(Kind.DONE, 1, b"x" * 101).parts()[0],
        b"".join(Frame(Kind.DONE, 1, b"", b"x" * 101).parts()),
    ],
)
def test_nonsense_ends_the_stream(data: bytes) -> None:
    with pytest.raises(BrokenFrame):
        FrameReader(100).feed(data)


@pytest.mark.parametrize(
    ("head", "blob"),
    [
        (b"{", b""),
        (b"[" * 100_000, b""),
        (b"[]", b""),
        (b'{"size": [1, 1], "bundle": "b", "sha256": "", "garments": [{}]}', bytes(1024)),
        (b'{"size": [1, 1], "bundle": "b", "sha256": "", "garments": []}', bytes(1024)),
        (b'{"size": "x", "bundle": "b", "sha256": "", "garments": []}', b""),
    ],
)
def test_an_answer_that_is_none(head: bytes, blob: bytes) -> None:
    with pytest.raises(BrokenFrame):
        decode_analysis(Frame(Kind.DONE, 1, head, blob))


def test_a_failure_that_is_none() -> None:
    for head in (b"{}", b"[]", b'{"reason": "Unauthorized", "detail": ""}', b'{"reason": ["a"]}'):
        with pytest.raises(BrokenFrame):
            decode_failure(Frame(Kind.FAILED, 1, head))


# --- the queue


def job(number: int, priority: Priority, project: int | None = None) -> Job:
    return Job(number, Order("b", TAGGER, None, int(priority)), b"", project)


def taken(queue: JobQueue, count: int) -> list[int]:
    return [j.id for _ in range(count) if (j := queue.take()) is not None]


def test_those_who_wait_go_first_and_batches_do_not_starve() -> None:
    queue = JobQueue()
    for i in range(4):
        queue.put(job(100 + i, Priority.BATCH))
    for i in range(20):
        queue.put(job(i, Priority.INTERACTIVE))
    n = INTERACTIVE_TURNS
    assert taken(queue, 24) == [*range(n), 100, *range(n, 2 * n), 101, *range(2 * n, 20), 102, 103]
    assert queue.take() is None


def test_projects_take_turns() -> None:
    queue = JobQueue()
    for i in range(5):
        queue.put(job(i, Priority.INTERACTIVE, 1))
    assert taken(queue, 1) == [0]
    for i in (10, 11):
        queue.put(job(i, Priority.INTERACTIVE, 2))
    queue.put(job(20, Priority.INTERACTIVE, 3))
    assert queue.count(Priority.INTERACTIVE) == 7
    assert taken(queue, 9) == [1, 10, 20, 2, 11, 3, 4]
    assert queue.count(Priority.INTERACTIVE) == 0


def test_what_was_put_back_is_its_projects_first_and_comes_next() -> None:
    queue = JobQueue()
    for i in range(2):
        queue.put(job(i, Priority.INTERACTIVE, 1))
    queue.put(job(10, Priority.INTERACTIVE, 2))
    first = queue.take()
    assert first is not None
    queue.put_back(first)
    assert taken(queue, 5) == [0, 10, 1]


def test_nobody_waits_for_a_cancelled_photo() -> None:
    queue = JobQueue()
    jobs = [job(i, Priority.INTERACTIVE) for i in range(3)]
    for j in jobs:
        queue.put(j)
    jobs[1].result.cancel()
    assert taken(queue, 3) == [0, 2]


def test_what_was_put_back_comes_first_and_only_once() -> None:
    queue = JobQueue()
    for i in range(3):
        queue.put(job(i, Priority.BATCH))
    first = queue.take()
    assert first is not None
    queue.put_back(first)
    assert taken(queue, 9) == [0, 1, 2]
