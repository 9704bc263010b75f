"""Photos to garments, without a server: child processes look, as the server's do; any thread may ask."""

# So that help() has types as they are written here.
from __future__ import annotations

import os
import weakref
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Self, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from placket.domain.errors import BundleInvalid, BundleMismatch, ImageError, VisionUnavailable
from placket.domain.garments import Analysis, Box
from placket.domain.images import OWN_FILE, ImageLimits
from placket.local.errors import Closed
from placket.local.index import DIGITS, Index, calibrated, vector_of
from placket.local.pictures import ImageLike, given, path_of
from placket.local.results import LANGUAGES, Garment, Lang, Photo, Unusable, photo_of

if TYPE_CHECKING:
    from placket.vision import VisionPool

BoxLike: TypeAlias = Box | Collection[float]
"""Four fractions of the upright photo: x0, y0, x1, y1."""
_LEAST_AT_ONCE = 16
_open: weakref.WeakSet[Vision] = weakref.WeakSet()


class Vision:
    """Finds garments in photos, tags and embeds them; the same networks, limits and results as the server's.

    ``bundle``: folder of the networks, the shipped ones if None. ``processes`` look at photos, with ``threads`` each
    (0: the machine's cores shared out among them); one is best unless there are very many cores. ``timeout``: seconds
    after which a photo counts as one that hangs. No setting is read from the environment.

    The bundle is read at once; the processes start with the first photo. Use it as a context manager, or close it; one
    that is forgotten ends its processes too. Threads may share it. In a process that was forked it begins anew. Raises
    BundleInvalid.
    """

    def __init__(
        self,
        bundle: str | os.PathLike[str] | None = None,
        *,
        processes: int = 1,
        threads: int = 0,
        timeout: float = 60.0,
    ) -> None:
        if processes < 1 or threads < 0 or not timeout > 0:
            raise ValueError("processes must be at least 1, threads at least 0, and timeout more than 0")
        folder = None if bundle is None else Path(bundle).expanduser().absolute()
        if folder is not None and not folder.is_dir():
            raise BundleInvalid(f"there is no folder {folder}")
        self._folder = folder
        self._options: dict[str, Any] = {"processes": processes, "threads": threads, "timeout": timeout}
        self._closed = False
        self._begin()
        self._bundle = self._pool.bundle
        _open.add(self)

    def _begin(self) -> None:
        from placket.local.log import reports
        from placket.vision import BundleLibrary, VisionPool

        library = BundleLibrary(None, None if self._folder is None else str(self._folder))
        self._pool = VisionPool(library, log=reports(), **self._options)
        self._at_once = max(_LEAST_AT_ONCE, 2 * self._pool.capacity)
        self._threads = ThreadPoolExecutor(self._at_once, thread_name_prefix="placket-local")
        self._ending = weakref.finalize(self, _end, self._pool, self._threads)

    def _begin_anew(self) -> None:
        """In a process that was forked, where the threads of the other one are not."""
        self._ending.detach()
        if not self._closed:
            self._begin()

    @property
    def bundle(self) -> str:
        """Version of the bundle: vectors of two versions do not compare."""
        return self._bundle.version

    @property
    def at_once(self) -> int:
        """How many pictures :meth:`analyse_many` has in hand."""
        return self._at_once

    def ready(self) -> None:
        """Start now what else starts with the first photo, a second or two. Raises VisionUnavailable."""
        self._check_open()
        self._pool.started().result()

    def analyse(
        self,
        image: ImageLike,
        *,
        lang: Lang = "en",
        box: BoxLike | None = None,
        path: str = "",
        limits: ImageLimits | None = None,
    ) -> Photo:
        """The garments of one photo, with tags in the language ``lang``.

        ``image``: a path, a file's bytes, a picture of Pillow, or an array of uint8 (height x width, x 3 for RGB, x 4
        for RGBA). ``box``: take what is in it for the one garment; WHOLE_IMAGE for all of it. ``path``: what the result
        calls a picture that came without one. ``limits``: of what is taken; by default every format, 200 MB, 150
        megapixels.

        Raises ImageError for a picture that cannot be used, OSError for a file that cannot be read, VisionUnavailable
        (Closed among them), and ValueError or TypeError for wrong arguments.
        """
        self._check_open()
        return self._look(image, _language(lang), _box(box), path, limits, interactive=True)

    def submit(
        self,
        image: ImageLike,
        *,
        lang: Lang = "en",
        box: BoxLike | None = None,
        path: str = "",
        limits: ImageLimits | None = None,
    ) -> Future[Photo]:
        """The same without waiting; ``await asyncio.wrap_future(vision.submit(image))`` in an event loop.

        Every picture that was submitted waits in memory, if it came so: for many, :meth:`analyse_many` is better.
        """
        self._check_open()
        try:
            return self._threads.submit(self._look, image, _language(lang), _box(box), path, limits)
        except RuntimeError:
            self._check_open()
            raise

    def analyse_many(
        self,
        images: Iterable[ImageLike],
        *,
        lang: Lang = "en",
        box: BoxLike | None = None,
        limits: ImageLimits | None = None,
    ) -> Iterator[Photo | Unusable]:
        """A result for every picture, in their order; of one that cannot be used, why. Any number of pictures: so many
        are in hand at once that all cores are busy, and no more."""
        self._check_open()
        if isinstance(images, str | bytes | os.PathLike):
            raise TypeError("several pictures are wanted: [picture], or pictures_in(folder) for those of a folder")
        return self._results(images, _language(lang), _box(box), limits)

    def _results(
        self, images: Iterable[ImageLike], lang: Lang, box: Box | None, limits: ImageLimits | None
    ) -> Iterator[Photo | Unusable]:
        ahead: deque[tuple[str, Future[Photo]]] = deque()
        try:
            for image in images:
                ahead.append((path_of(image), self.submit(image, lang=lang, box=box, limits=limits)))
                while ahead and (len(ahead) >= self._at_once or ahead[0][1].done()):
                    yield _result(*ahead.popleft())
            while ahead:
                yield _result(*ahead.popleft())
        finally:
            for _, future in ahead:
                future.cancel()

    def similarity(self, a: Garment | ArrayLike, b: Garment | ArrayLike) -> float:
        """How alike two garments or embeddings are, 0..1, calibrated as the API's.

        Raises BundleMismatch, ValueError.
        """
        from placket.search.cosines import cosines

        one, other = vector_of(self._bundle, a), vector_of(self._bundle, b)
        return calibrated(self._bundle, float(cosines(one[None], np.zeros(1, np.intp), other)[0]))

    def calibrate(self, cosines: ArrayLike) -> NDArray[np.float64]:
        """Similarities 0..1 of an array of cosines, as of ``vectors @ vectors.T``."""
        points = np.array(self._bundle.curve)
        similarities: NDArray[np.float64] = np.interp(np.asarray(cosines, np.float64), points[:, 0], points[:, 1])
        return similarities.round(DIGITS)

    def index(
        self,
        vectors: ArrayLike | Collection[Garment],
        ids: Collection[Any] | None = None,
        columns: Mapping[str, Collection[Any]] | None = None,
        *,
        bundle: str | None = None,
    ) -> Index:
        """Garments or embeddings (n, 256) to search among, up to some hundred thousand.

        ``ids``: what each belongs to, such as its product or photo, else its row number; several may have the same.
        ``columns``: what to filter by, a value each. Ids and values are taken as texts. ``bundle``: version that the
        vectors are of, if it is known. Raises BundleMismatch, ValueError.
        """
        if bundle is not None and bundle != self.bundle:
            raise BundleMismatch(f"the vectors are of bundle {bundle}; this is bundle {self.bundle}")
        return Index(self._bundle, vectors, ids, {} if columns is None else columns)

    def close(self) -> None:
        """End the processes; whoever waits gets Closed. May be called twice."""
        self._closed = True
        self._ending()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Vision, bundle {self.bundle}{', closed' if self._closed else ''}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Vision is not sent to other processes: make one there, or share this one between threads")

    def _check_open(self) -> None:
        if self._closed:
            raise Closed("this Vision is closed")

    def _look(
        self,
        image: ImageLike,
        lang: Lang,
        box: Box | None,
        path: str,
        limits: ImageLimits | None,
        *,
        interactive: bool = False,
    ) -> Photo:
        picture = given(image, limits or OWN_FILE)
        analysis = self._analysis(picture.data, picture.limits, box, interactive)
        if picture.size is not None:
            analysis = replace(analysis, width=picture.size[0], height=picture.size[1])
        return photo_of(path or path_of(image), analysis, lang)

    def _analysis(self, data: bytes, limits: ImageLimits, box: Box | None, interactive: bool) -> Analysis:
        from placket.services.ports import Priority

        priority = Priority.INTERACTIVE if interactive else Priority.BATCH
        try:
            future = self._pool.submit(data, limits=limits, box=box, priority=priority)
            if self._closed:
                # Between the two it may have been closed, and the pool started anew.
                self._pool.close()
            try:
                answer = future.result()
            except BaseException:
                future.cancel()
                raise
        except VisionUnavailable:
            self._check_open()
            raise
        assert isinstance(answer, Analysis)
        return answer


def _end(pool: VisionPool, threads: ThreadPoolExecutor) -> None:
    threads.shutdown(wait=False, cancel_futures=True)
    pool.close()


def _result(path: str, future: Future[Photo]) -> Photo | Unusable:
    try:
        return future.result()
    except CancelledError:
        raise Closed("this Vision was closed while it looked") from None
    except ImageError as error:
        return Unusable(path, error.detail, error)
    except OSError as error:
        return Unusable(path, error.strerror or str(error), error)


def _language(lang: str) -> Lang:
    for known in LANGUAGES:
        if lang == known:
            return known
    raise ValueError(f"lang is one of {', '.join(LANGUAGES)}, not {lang!r}")


def box_of(box: BoxLike) -> Box:
    """Raises ValueError."""
    sides = box.as_list() if isinstance(box, Box) else list(box)
    if len(sides) != 4:
        raise ValueError("must be four numbers: x0, y0, x1, y1")
    x0, y0, x1, y1 = map(float, sides)
    if not (0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1):
        raise ValueError("must have 0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1")
    return Box(x0, y0, x1, y1)


def _box(box: BoxLike | None) -> Box | None:
    try:
        return None if box is None else box_of(box)
    except ValueError as error:
        raise ValueError(f"box {error}; they are fractions of the upright photo") from None


def _after_fork() -> None:
    for vision in list(_open):
        vision._begin_anew()


os.register_at_fork(after_in_child=_after_fork)
