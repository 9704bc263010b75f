"""Status requests at a steady rate, as many clients would make them; light enough to leave the cores to the server."""

import asyncio
import itertools
import random
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

_CONNECTIONS = 32


def poll(port: int, pairs: Sequence[tuple[str, str]], rate: float, control: Connection) -> None:
    """Ask for the status of random tasks of ``pairs`` (key, task) until ``control`` says stop; then send the figures.

    Says "begun" when it has. There are a second's requests at least.

    A request counts from the moment when it was due, so that a server that stalls cannot hide it by not being asked.
    """
    control.send(asyncio.run(_poll(port, pairs, rate, control)))


async def _poll(port: int, pairs: Sequence[tuple[str, str]], rate: float, control: Connection) -> dict[str, Any]:
    requests = [_request(key, task) for key, task in pairs]
    due: asyncio.Queue[float] = asyncio.Queue()
    latencies: list[float] = []
    errors: list[str] = []
    workers = [asyncio.create_task(_work(port, requests, due, latencies, errors)) for _ in range(_CONNECTIONS)]
    control.send("begun")
    begun = time.perf_counter()
    for n in itertools.count():
        moment = begun + n / rate
        await asyncio.sleep(max(0.0, moment - time.perf_counter()))
        if n > rate and control.poll():
            break
        due.put_nowait(moment)
    await due.join()
    for worker in workers:
        worker.cancel()
    seconds = time.perf_counter() - begun
    p50, p90, p99 = (float(np.quantile(latencies, q)) * 1000 for q in (0.5, 0.9, 0.99))
    return {
        "requests": len(latencies), "a_second": len(latencies) / seconds, "errors": len(errors), "error": errors[:1],
        "p50_ms": p50, "p90_ms": p90, "p99_ms": p99, "most_ms": max(latencies) * 1000,
    }  # fmt: skip


def _request(key: str, task: str) -> bytes:
    return f"GET /tagger/v2.12/bulk/{task}/status HTTP/1.1\r\nhost: 127.0.0.1\r\nx-api-key: {key}\r\n\r\n".encode()


async def _work(
    port: int, requests: Sequence[bytes], due: "asyncio.Queue[float]", latencies: list[float], errors: list[str]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while True:
        moment = await due.get()
        try:
            writer.write(random.choice(requests))
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            body = await reader.readexactly(int(length.partition(b":")[2]))
            if not head.startswith(b"HTTP/1.1 200") or b'"status":"ok"' not in body:
                errors.append(body[:200].decode(errors="replace"))
        except (OSError, EOFError) as error:
            errors.append(repr(error))
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        finally:
            latencies.append(time.perf_counter() - moment)
            due.task_done()
