"""The same pipeline in the caller's own process: for evaluation, on trusted photos."""

import warnings

from PIL import Image

from placket.domain.garments import Analysis, Box
from placket.domain.images import OWN_FILE
from placket.vision.bundle import Bundle
from placket.vision.decoding import Picture, decode
from placket.vision.engine import Engine
from placket.vision.pipeline import Pipeline
from placket.vision.preprocessing import Pixels

# Pillow's own alarm comes later than ours and would only repeat it on standard error.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


class LocalVision:
    """``threads``: cores to use, 0 for all. A photo that crashes a decoder ends the caller's process."""

    def __init__(self, bundle: Bundle, threads: int = 0) -> None:
        """Raises BundleInvalid."""
        self._engine = Engine(threads)
        self.pipeline = Pipeline(bundle, self._engine)

    def analyse(self, image: bytes | Pixels, *, box: Box | None = None) -> Analysis:
        """A photo's garments; ``image`` is a file's bytes or upright RGB. What is in ``box`` is taken for one garment.
        Raises ImageError."""
        with self._engine.photo():
            if isinstance(image, bytes):
                return self.pipeline.analyse(decode(image, OWN_FILE), box, image)
            height, width = image.shape[:2]
            return self.pipeline.analyse(Picture(image, width, height), box)
