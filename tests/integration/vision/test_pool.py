"""The pool with real child processes that really die."""

import asyncio
import hashlib
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from placket.domain.errors import (
    ImageFormatUnsupported,
    ImageTooManyBytes,
    ImageTooSmall,
    RateLimited,
    VisionCrashed,
    VisionUnavailable,
)
from placket.domain.garments import WHOLE_IMAGE, Box
from placket.domain.images import AI_FASHION, TAGGER, ImageLimits
from placket.services.ports import Priority, Vision
from placket.vision import BundleLibrary, VisionPool
from placket.vision.local import LocalVision
from placket.vision.protocol import Options
from placket.vision.supervisor import Supervisor
from placket.vision.waiting import WaitingRoom
from tests.integration.vision.conftest import alive, misbehave, until
from tests.support.photos import drawn, encoded, photo

MakePool = Callable[..., VisionPool]
LARGE = ImageLimits(AI_FASHION.formats, max_bytes=50_000_000)


def garments(analysis: object) -> list[dict[str, object]]:
    return [g.to_json() for g in analysis.garments]  # type: ignore[attr-defined]


# --- answers


async def test_a_damaged_photo_leaves_nothing_in_the_log(
    make_pool: MakePool, capfd: pytest.CaptureFixture[str]
) -> None:
    data = bytearray(encoded(drawn(90, 70), "TIFF", compression="tiff_lzw"))
    data[20:200] = bytes(180)
    with pytest.raises(ImageFormatUnsupported):
        await make_pool().analyse(bytes(data), limits=TAGGER)
    assert capfd.readouterr().err == ""


async def test_a_photo_comes_back_as_garments(make_pool: MakePool) -> None:
    pool = make_pool()
    vision: Vision = pool
    image = photo()
    found = await vision.analyse(image, limits=AI_FASHION)
    assert (found.width, found.height, found.bundle) == (300, 400, "tiny-1")
    assert found.sha256 == hashlib.sha256(image).hexdigest()
    assert [g.box.as_list() for g in found.garments] == [
        pytest.approx([0.1, 0.1, 0.9, 0.55], abs=1e-5),
        pytest.approx([0.2333, 0.55, 0.7667, 0.95], abs=1e-3),
    ]
    assert found.garments[0].swatches[0].name == "red"
    for g in found.garments:
        assert g.embedding.shape == (256,)
        assert g.embedding.dtype == np.float32
        assert np.linalg.norm(g.embedding) == pytest.approx(1, abs=1e-6)
    assert vision.default_bundle == "tiny-1"
    assert vision.similarity(0.5, "tiny-1") == pytest.approx(0.5)
    assert pool.statistics().done == 1


async def test_the_pool_and_the_local_pipeline_agree(make_pool: MakePool, library: BundleLibrary) -> None:
    pool, local = make_pool(), LocalVision(library.current(), threads=1)
    images = [photo(top=(40 * i, 200 - 20 * i, 90)) for i in range(6)]
    found = await asyncio.gather(*(pool.analyse(i, limits=AI_FASHION) for i in images))
    for one, other in zip(found, map(local.analyse, images), strict=True):
        assert garments(one) == garments(other)
        for a, b in zip(one.garments, other.garments, strict=True):
            assert a.embedding @ b.embedding == pytest.approx(1, abs=1e-5)


async def test_a_box_is_one_garment(make_pool: MakePool) -> None:
    pool = make_pool()
    plain = encoded(drawn().crop((100, 80, 180, 160)), "PNG")
    assert (await pool.analyse(plain, limits=AI_FASHION)).garments == ()
    for box in (WHOLE_IMAGE, Box(0.1, 0.2, 0.5, 0.9)):
        (found,) = (await pool.analyse(plain, limits=AI_FASHION, box=box)).garments
        assert (found.box, found.score) == (box, 1.0)


async def test_a_pictures_faults_are_its_own(make_pool: MakePool) -> None:
    pool = make_pool()
    bad = [
        pool.analyse(b"<html>", limits=AI_FASHION),
        pool.analyse(encoded(drawn(), "WEBP"), limits=AI_FASHION),
        pool.analyse(photo()[:3000], limits=AI_FASHION),
        pool.analyse(photo(19, 100), limits=TAGGER),
        pool.analyse(bytes(1_000_001), limits=ImageLimits(AI_FASHION.formats, 1_000_000)),
    ]
    found = await asyncio.gather(*bad, pool.analyse(photo(), limits=AI_FASHION), return_exceptions=True)
    kinds = [ImageFormatUnsupported] * 3 + [ImageTooSmall, ImageTooManyBytes]
    assert [type(e) for e in found[:-1]] == kinds
    assert len(found[-1].garments) == 2  # type: ignore[union-attr]
    assert pool.statistics().refused == 4
    assert pool.statistics().restarts == 0


async def test_two_hundred_photos_at_once(make_pool: MakePool) -> None:
    pool = make_pool(processes=2, threads=1)
    images = [photo(200, 260, top=(i, 255 - i, 100)) for i in range(200)]
    found = await asyncio.gather(*(pool.analyse(i, limits=AI_FASHION, priority=Priority.BATCH) for i in images))
    assert [int(f.garments[0].swatches[0].hex[1:3], 16) for f in found] == pytest.approx(range(200), abs=6)
    state = pool.statistics()
    assert (state.done, state.in_hand, state.queued_batch, state.restarts) == (200, 0, 0, 0)


async def test_photos_larger_than_any_pipe(make_pool: MakePool) -> None:
    pool = make_pool()
    noise = np.random.default_rng(0).integers(0, 256, (1200, 1600, 3), dtype=np.uint8)
    data = encoded(Image.fromarray(noise), "PNG")
    assert len(data) > 5_000_000
    found = await asyncio.gather(*(pool.analyse(data, limits=LARGE) for _ in range(5)))
    assert {(f.width, f.height) for f in found} == {(1600, 1200)}


def test_event_loops_one_after_another_share_a_pool(library: BundleLibrary) -> None:
    pool = VisionPool(library, threads=1)
    try:
        for _ in range(3):
            found = asyncio.run(pool.analyse(photo(), limits=AI_FASHION))
            assert len(found.garments) == 2
        assert pool.statistics().done == 3
    finally:
        asyncio.run(pool.aclose())


async def test_somebody_who_waits_goes_before_a_batch_and_the_batch_goes_on(make_pool: MakePool) -> None:
    pool = make_pool(threads=1)
    await pool.ready()
    order: list[str] = []

    async def one(name: str, priority: Priority) -> None:
        await pool.analyse(misbehave("sleep 0.02", photo()), limits=AI_FASHION, priority=priority)
        order.append(name)

    batch = [asyncio.create_task(one(f"b{i}", Priority.BATCH)) for i in range(6)]
    await until(lambda: pool.statistics().in_hand == 2)
    await asyncio.gather(*(one(f"i{i}", Priority.INTERACTIVE) for i in range(20)), *batch)
    begun = [n for n in order if n.startswith("b")][:2]
    assert begun == order[:1] + begun[1:]
    place = {name: at for at, name in enumerate(order)}
    assert place["b5"] > place["i19"]
    assert place["b2"] < place["i19"]


async def test_many_photos_of_a_project_keep_no_other_waiting(make_pool: MakePool) -> None:
    pool = make_pool(threads=1)
    await pool.ready()
    order: list[int] = []

    async def one(project: int) -> None:
        await pool.analyse(misbehave("sleep 0.02", photo()), limits=AI_FASHION, project=project)
        order.append(project)

    many = [asyncio.create_task(one(1)) for _ in range(20)]
    await until(lambda: pool.statistics().in_hand == 2)
    await asyncio.gather(one(2), *many)
    assert order.index(2) <= 4


async def test_a_project_has_only_so_many_bytes_waiting(make_pool: MakePool) -> None:
    pool = make_pool(threads=1)
    pool._waiting = WaitingRoom(3 * len(photo()))
    calls = [pool.analyse(photo(), limits=AI_FASHION, project=p) for p in (1, 1, 1, 1, 2, None)]
    found = await asyncio.gather(*calls, return_exceptions=True)
    assert [isinstance(f, RateLimited) for f in found] == [False, False, False, True, False, False]
    assert len((await pool.analyse(photo(), limits=AI_FASHION, project=1)).garments) == 2


async def test_a_cancelled_call_costs_nothing(make_pool: MakePool) -> None:
    pool = make_pool(threads=1)
    await pool.ready()
    busy = [asyncio.create_task(pool.analyse(misbehave("sleep 0.3", photo()), limits=AI_FASHION)) for _ in range(2)]
    await until(lambda: pool.statistics().in_hand == 2)
    waiting = [asyncio.create_task(pool.analyse(photo(), limits=AI_FASHION)) for _ in range(5)]
    await asyncio.sleep(0.05)
    for task in waiting:
        task.cancel()
    assert len(await asyncio.gather(*waiting, return_exceptions=True)) == 5
    busy[0].cancel()
    await asyncio.wait([busy[0]])
    await busy[1]
    assert len((await pool.analyse(photo(), limits=AI_FASHION)).garments) == 2
    assert pool.statistics().done == 3


# --- deaths


async def test_a_photo_that_crashes_the_decoder_fails_alone(make_pool: MakePool) -> None:
    pool = make_pool()
    calls = [pool.analyse(photo(), limits=AI_FASHION) for _ in range(20)]
    calls.insert(7, pool.analyse(misbehave("abort"), limits=AI_FASHION))
    found = await asyncio.gather(*calls, return_exceptions=True)
    crashed = found.pop(7)
    assert isinstance(crashed, VisionCrashed)
    assert "SIGABRT" in crashed.detail
    assert [len(f.garments) for f in found] == [2] * 20  # type: ignore[union-attr]
    state = pool.statistics()
    assert (state.crashed, state.restarts, state.done) == (1, 2, 20)


async def test_a_photo_that_hangs_the_decoder_fails_alone(make_pool: MakePool) -> None:
    pool = make_pool(timeout=1.0)
    await pool.ready()
    hangs = asyncio.create_task(pool.analyse(misbehave("hang"), limits=AI_FASHION))
    found = await asyncio.gather(*(pool.analyse(photo(), limits=AI_FASHION) for _ in range(10)))
    assert [len(f.garments) for f in found] == [2] * 10
    with pytest.raises(VisionCrashed, match="it hangs"):
        await hangs
    assert pool.statistics().restarts == 2


async def test_many_crashing_photos_among_good_ones(make_pool: MakePool) -> None:
    pool = make_pool(processes=2)
    calls = [pool.analyse(misbehave("abort") if i % 8 == 0 else photo(), limits=AI_FASHION) for i in range(16)]
    found = await asyncio.gather(*calls, return_exceptions=True)
    for i, result in enumerate(found):
        if i % 8 == 0:
            assert isinstance(result, VisionCrashed)
        else:
            assert len(result.garments) == 2  # type: ignore[union-attr]


async def test_kill_9_in_the_middle_of_work_loses_nothing(make_pool: MakePool) -> None:
    pool = make_pool()
    await pool.ready()
    calls = [asyncio.create_task(pool.analyse(misbehave("sleep 0.05", photo()), limits=AI_FASHION)) for _ in range(30)]
    (first,) = pool.pids()
    await until(lambda: pool.statistics().done >= 4)
    os.kill(first, signal.SIGKILL)
    found = await asyncio.gather(*calls)
    assert [len(f.garments) for f in found] == [2] * 30
    assert pool.statistics().restarts == 1
    assert pool.pids() != [first]
    assert not alive(first)


async def test_a_child_that_dies_idle_is_replaced(make_pool: MakePool) -> None:
    pool = make_pool()
    await pool.ready()
    (first,) = pool.pids()
    os.kill(first, signal.SIGKILL)
    await until(lambda: bool(pool.pids()) and pool.pids() != [first])
    assert len((await pool.analyse(photo(), limits=AI_FASHION)).garments) == 2


async def test_a_stopped_child_counts_as_one_that_hangs(make_pool: MakePool) -> None:
    pool = make_pool(timeout=0.5)
    await pool.ready()
    (first,) = pool.pids()
    os.kill(first, signal.SIGSTOP)
    assert len((await pool.analyse(photo(), limits=AI_FASHION)).garments) == 2
    assert not alive(first)


async def test_ctrl_c_and_sigterm_are_the_parents_business(make_pool: MakePool) -> None:
    pool = make_pool()
    await pool.ready()
    (pid,) = pool.pids()
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(pid, number)
    assert len((await pool.analyse(photo(), limits=AI_FASHION)).garments) == 2
    assert pool.pids() == [pid]
    assert os.getpgid(pid) != os.getpgid(0)


async def test_closing_is_prompt_and_leaves_nobody_waiting(make_pool: MakePool) -> None:
    pool = make_pool()
    await pool.ready()
    (pid,) = pool.pids()
    calls = [asyncio.create_task(pool.analyse(misbehave("sleep 30"), limits=AI_FASHION)) for _ in range(9)]
    await until(lambda: pool.statistics().in_hand == 3)
    start = time.monotonic()
    await pool.aclose()
    assert time.monotonic() - start < 2
    found = await asyncio.gather(*calls, return_exceptions=True)
    assert {type(e) for e in found} == {VisionUnavailable}
    assert not alive(pid)


def test_what_is_closed_writes_to_nobodys_file(tiny: Path) -> None:
    supervisor = Supervisor(Options(str(tiny), 1, ""), processes=1, timeout=30)
    supervisor.close()
    ours, theirs = os.pipe()
    os.set_blocking(ours, False)
    os.dup2(theirs, supervisor._wake)  # the number is free again, and the next file may have it
    supervisor.close()
    with pytest.raises(VisionUnavailable):
        supervisor.when_ready()
    with pytest.raises(BlockingIOError):
        os.read(ours, 1)
    for number in {ours, theirs, supervisor._wake}:
        os.close(number)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_children_die_with_their_parent(tiny: Path, number: signal.Signals) -> None:
    script = """
        import asyncio, sys
        from placket.vision import BundleLibrary, VisionPool
        from placket.domain.images import AI_FASHION
        async def main():
            pool = VisionPool(BundleLibrary(None, sys.argv[1]), threads=2, crash_marker="!")
            await pool.ready()
            print(*pool.pids(), flush=True)
            await pool.analyse(b"!hang\\n", limits=AI_FASHION)
        asyncio.run(main())
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(tiny)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        time.sleep(0.2)
        assert alive(pid)
        parent.send_signal(number)
        parent.wait(10)
        end = time.monotonic() + 5
        while alive(pid) and time.monotonic() < end:
            time.sleep(0.01)
        assert not alive(pid)


async def test_a_child_knows_no_secret(make_pool: MakePool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLACKET_DATABASE_URL", "postgresql://user:hunter2@host/db")
    monkeypatch.setenv("PGPASSWORD", "hunter2")
    pool = make_pool()
    await pool.ready()
    (pid,) = pool.pids()
    assert b"hunter2" not in Path(f"/proc/{pid}/environ").read_bytes()
