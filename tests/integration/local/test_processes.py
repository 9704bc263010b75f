"""The processes behind a Vision: they end with it, and another process has its own."""

import gc
import logging
import multiprocessing
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from placket.local import Photo, Vision
from placket.local.errors import Closed, VisionCrashed
from tests.integration.vision.conftest import MARKER, alive, misbehave
from tests.support.photos import photo


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def pid_of(vision: Vision) -> int:
    (pid,) = vision._pool.pids()
    return pid


def test_a_closed_one(bundle: Path) -> None:
    with Vision(bundle, threads=1) as vision:
        vision.ready()
        pid = pid_of(vision)
        left = vision.analyse_many([photo()] * 3)
        next(left)
    assert not alive(pid)
    assert repr(vision) == "<Vision, bundle tiny-1, closed>"
    for ask in (vision.analyse, vision.submit, lambda image: vision.analyse_many([image])):
        with pytest.raises(Closed, match="closed"):
            ask(photo())
    with pytest.raises(Closed):
        list(left)
    with pytest.raises(Closed):
        vision.ready()
    vision.close()


def test_closed_while_it_looks(bundle: Path) -> None:
    vision = Vision(bundle, threads=1)
    vision._options["crash_marker"] = MARKER
    vision._begin()
    waiting = [vision.submit(misbehave("sleep 60")) for _ in range(40)]
    results = vision.analyse_many([misbehave("sleep 60")] * 2)
    ended: list[BaseException] = []

    def look() -> None:
        try:
            list(results)
        except Closed as error:
            ended.append(error)

    thread = threading.Thread(target=look)
    thread.start()
    until(lambda: bool(vision._pool.pids()))
    vision.close()
    thread.join(20)
    assert isinstance(ended[0], Closed)
    assert all(f.cancelled() or isinstance(f.exception(20), Closed) for f in waiting)
    assert vision._pool.pids() == []


def test_one_that_is_forgotten_leaves_no_process(bundle: Path) -> None:
    vision = Vision(bundle, threads=1)
    vision.analyse(photo())
    pid = pid_of(vision)
    del vision
    gc.collect()
    until(lambda: not alive(pid))


def test_a_photo_that_ends_its_process_is_told_on_standard_error_alone(
    bundle: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    with Vision(bundle, threads=1) as vision:
        vision._options["crash_marker"] = MARKER
        vision._begin()
        with caplog.at_level(logging.WARNING, "placket.local"):
            for _ in range(2):
                with pytest.raises(VisionCrashed):
                    vision.analyse(misbehave("abort"))
        assert isinstance(vision.analyse(photo()), Photo)
    assert "vision process lost" in caplog.text
    assert capsys.readouterr().out == ""


def test_a_script_without_a_guard_ends_with_all_its_processes(bundle: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        f"from placket.local import Vision\nvision = Vision({str(bundle)!r}, threads=1)\n"
        f"print(len(vision.analyse({str(tmp_path / 'a.jpg')!r}).garments), vision._pool.pids()[0])\n"
    )
    (tmp_path / "a.jpg").write_bytes(photo())
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60)
    garments, pid = done.stdout.split()
    assert (done.returncode, done.stderr, int(garments)) == (0, "", 2)
    until(lambda: not alive(int(pid)))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a process that has threads is not forked")
def test_a_forked_process_has_its_own(bundle: Path) -> None:
    with Vision(bundle, threads=1) as vision:
        wanted = vision.analyse(photo()).to_dict()
        fork = multiprocessing.get_context("fork")
        receiving, sending = fork.Pipe(duplex=False)

        def look() -> None:
            sending.send((vision.analyse(photo()).to_dict(), pid_of(vision)))

        child = fork.Process(target=look)
        child.start()
        assert receiving.poll(30)
        seen, pid = receiving.recv()
        child.join(20)
        assert (child.exitcode, seen) == (0, wanted)
        assert pid != pid_of(vision)
        until(lambda: not alive(pid))
        assert vision.analyse(photo()).to_dict() == wanted


def test_it_is_not_sent_to_other_processes(bundle: Path) -> None:
    with Vision(bundle) as vision, pytest.raises(TypeError, match="make one there"):
        pickle.dumps(vision)
