"""The same pipeline in the caller's own process: for evaluation, on trusted photos."""

import warnings
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from PIL import Image

from placket.domain.errors import ImageError
from placket.domain.garments import WHOLE_IMAGE, Analysis, Box
from placket.domain.images import OWN_FILE, ImageLimits
from placket.vision.bundle import Bundle
from placket.vision.decoding import Picture, PixelBudget, decode
from placket.vision.engine import Engine
from placket.vision.pipeline import Pipeline
from placket.vision.preprocessing import Pixels

_PIXELS_AT_ONCE = 60_000_000

LOCAL = OWN_FILE
# Pillow's own alarm comes later than ours and would only repeat it on standard error.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


class LocalVision:
    """``threads``: cores to use, 0 for all. A photo that crashes a decoder ends the caller's process."""

    def __init__(self, bundle: Bundle, threads: int = 0) -> None:
        """Raises BundleInvalid."""
        self._engine = Engine(threads)
        self._budget = PixelBudget(_PIXELS_AT_ONCE)
        self.pipeline = Pipeline(bundle, self._engine)

    def analyse(
        self,
        image: bytes | Pixels,
        *,
        limits: ImageLimits = LOCAL,
        box: Box | None = None,
        whole_image: bool = False,
    ) -> Analysis:
        """A photo's garments; ``image`` is a file's bytes or upright RGB. With ``box`` or ``whole_image``, that part of
        it is taken for one garment. Raises ImageError."""
        if whole_image:
            box = WHOLE_IMAGE
        with self._engine.photo():
            if isinstance(image, bytes):
                return self.pipeline.analyse(decode(image, limits, self._budget), box, image)
            height, width = image.shape[:2]
            return self.pipeline.analyse(Picture(image, width, height), box)

    def analyse_many(
        self,
        images: Iterable[bytes | Pixels],
        *,
        limits: ImageLimits = LOCAL,
        whole_image: bool = False,
    ) -> Iterator[Analysis | ImageError]:
        """Results in the order of ``images``, one a core at a time. A bad photo's error is its result."""

        def one(image: bytes | Pixels) -> Analysis | ImageError:
            try:
                return self.analyse(image, limits=limits, whole_image=whole_image)
            except ImageError as error:
                return error

        ahead: deque[Future[Analysis | ImageError]] = deque()
        with ThreadPoolExecutor(self._engine.threads) as threads:
            for image in images:
                ahead.append(threads.submit(one, image))
                if len(ahead) > 2 * self._engine.threads:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
