"""Batches that are made on a device while it still computes with those before."""

import threading
from collections.abc import Iterable, Iterator
from queue import Full, Queue
from typing import Any

import torch
from torch import Tensor

Batch = dict[str, Any]
MOST = 2
"""Batches made and not yet used."""
_POLL = 0.2


class Ahead:
    """The same batches in the same order, made by a thread of their own, on a GPU in a stream of their own.

    A batch that is cut out of a gallery waits for the device again and again (indices to be copied, how many pictures
    change); in one thread the network waits with it. What the making raises is raised to who asks for the batch.
    """

    def __init__(self, batches: Iterable[Batch], device: torch.device) -> None:
        self._batches, self._device = batches, device
        self._ready: Queue[Batch | BaseException | None] = Queue(MOST)
        self._done = threading.Event()

    def __iter__(self) -> Iterator[Batch]:
        thread = threading.Thread(target=self._make, daemon=True)
        thread.start()
        try:
            while (item := self._ready.get()) is not None:
                if isinstance(item, BaseException):
                    raise item
                yield self._taken(item)
        finally:
            self._done.set()
            thread.join()

    def _make(self) -> None:
        try:
            if self._device.type != "cuda":
                self._fill()
                return
            with torch.cuda.stream(torch.cuda.Stream(self._device)):
                self._fill()
        except BaseException as error:
            self._put(error)

    def _fill(self) -> None:
        for batch in self._batches:
            if self._device.type == "cuda":
                torch.cuda.current_stream().synchronize()
            if not self._put(batch):
                return
        self._put(None)

    def _put(self, item: Batch | BaseException | None) -> bool:
        while not self._done.is_set():
            try:
                self._ready.put(item, timeout=_POLL)
                return True
            except Full:
                continue
        return False

    def _taken(self, batch: Batch) -> Batch:
        """The batch, whose memory the stream that computes with it keeps until it is through."""
        for value in batch.values():
            if isinstance(value, Tensor) and value.is_cuda:
                value.record_stream(torch.cuda.current_stream())
        return batch
