"""A bundle: the networks, and all that is needed to read their answers. One folder, written once, never changed."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from placket.domain.errors import BundleInvalid
from placket.domain.garments import EMBEDDING_DIM
from placket.domain.taxonomy import MULTI_LABEL, Taxonomy, taxonomy

MANIFEST = "bundle.json"
NEWEST_FORMAT = 3
"""2 where the encoder takes a second look, 3 where it tells which way up a crop is; versions of Placket that know only
those before would pass over it."""
FIRST_COLOR = "first_color"
"""An encoder's output beside the attributes: which of the ``colors`` is the main one."""
TURN = "turn"
"""An encoder's output: by how many quarter turns counterclockwise, 0 to 3, the crop is off."""
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_MOST_MANIFEST_BYTES = 5_000_000


def _readable(number: Any) -> Any:
    if isinstance(number, int) and number > NEWEST_FORMAT:
        raise ValueError(f"{number} is of a newer version of Placket; this one reads 1 to {NEWEST_FORMAT}")
    return number


def _plain_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise ValueError("must be the plain name of a file in the bundle's folder")
    return name


def _square(size: tuple[int, int]) -> tuple[int, int]:
    if size[0] != size[1] or not 16 <= size[0] <= 2048:
        raise ValueError("must be square, 16 to 2048 pixels")
    return size


def _rising(curve: list[tuple[float, float]]) -> list[tuple[float, float]]:
    if any(a[0] >= b[0] or a[1] > b[1] for a, b in pairwise(curve)):
        raise ValueError("cosines must rise and similarities must not fall")
    if any(not 0 <= y <= 1 for _, y in curve):
        raise ValueError("similarities lie in 0..1")
    return curve


def _json(content: dict[str, Any]) -> dict[str, Any]:
    try:
        json.dumps(content, allow_nan=False)
    except ValueError:
        raise ValueError("NaN and Infinity are no numbers of JSON, and could not be shown") from None
    return content


FileName = Annotated[str, AfterValidator(_plain_name)]
Size = Annotated[tuple[int, int], AfterValidator(_square)]
Figures = Annotated[dict[str, Any], AfterValidator(_json)]
Share = Annotated[float, Field(ge=0, le=1)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class DetectorSettings(_Part):
    """``size`` is (height, width) of the canvas. ``fallback_score``: when no box reaches ``score_threshold``, the best
    one is taken if it reaches this, and if its category is at least as probable as ``fallback_category``. ``vote_iou``:
    a box is the mean, weighted by score, of the boxes of its group that overlap it by this much; None: it is itself."""

    file: FileName
    size: Size
    fit: Literal["letterbox"]
    pad: int = Field(ge=0, le=255)
    score_threshold: float = Field(gt=0, le=1)
    nms_iou: float = Field(gt=0, le=1)
    max_detections: int = Field(ge=1, le=100)
    fallback_score: float | None = Field(None, gt=0, le=1)
    fallback_category: Share = 0.0
    vote_iou: float | None = Field(None, gt=0, le=1)


class SecondLook(_Part):
    """A network with the encoder's inputs and outputs, which sees a crop mirrored where the encoder gives no category a
    probability of ``below`` or more; see `placket.vision.second_look`."""

    file: FileName
    below: Share


class Turns(_Part):
    """The encoder has a last output ``turn``. ``least``: how much likelier (natural logarithm) another way up has to be
    than the photo's own, in its crops as it is and as it would stand; see `placket.vision.upright`."""

    least: float = Field(ge=0, le=100)


class EncoderSettings(_Part):
    """``margin`` widens a box on each side, as a share of its width and height, before it is cut out. ``first_color``:
    the network has an output of this name, behind the others: which of the colours is the main one."""

    file: FileName
    size: Size
    fit: Literal["letterbox"]
    pad: int = Field(ge=0, le=255)
    margin: float = Field(ge=0, le=1)
    embedding_dim: int
    first_color: bool = False
    second: SecondLook | None = None
    turns: Turns | None = None


class Fusion(_Part):
    """How much the detector's groups weigh in the choice of a category: p ~ p_encoder x p_group^alpha."""

    alpha: float = Field(default=0.5, ge=0, le=10)


class HintWeights(_Part):
    """What a word beside the picture adds to the log-probability of the label that it names; 0: words count nothing."""

    category: float = Field(default=0.0, ge=0, le=20)
    gender: float = Field(default=0.0, ge=0, le=20)


class Calibration(_Part):
    """``temperature`` divides logits. ``thresholds``: least probability of a multi-label attribute's labels, by label
    or ``default``; without, the set with the best expected F1 is told. ``unknown``: an attribute whose best label is
    less probable is not told. ``measured_color``: how much the measured colours weigh in the choice of the main one."""

    temperature: dict[str, Annotated[float, Field(gt=0)]] = {}
    thresholds: dict[str, dict[str, Share]] = {}
    unknown: dict[str, Share] = {}
    fusion: Fusion = Field(default_factory=lambda: Fusion(alpha=0.5))
    hints: HintWeights = Field(default_factory=HintWeights)
    measured_color: float = Field(default=0.0, ge=0, le=10)

    def threshold(self, attribute: str, label: str) -> float:
        of_attribute = self.thresholds.get(attribute, {})
        return of_attribute.get(label, of_attribute.get("default", 0.5))


class _Similarity(_Part):
    curve: Annotated[list[tuple[float, float]], Field(min_length=2), AfterValidator(_rising)]


class _Vocabulary(_Part):
    groups: list[str]
    categories: list[str]
    attributes: dict[str, list[str]]


class _Manifest(_Part):
    format: Annotated[Literal[1, 2, 3], BeforeValidator(_readable)]
    version: str
    created: str = ""
    taxonomy: _Vocabulary
    detector: DetectorSettings
    encoder: EncoderSettings
    calibration: Calibration = Calibration()
    similarity: _Similarity
    metrics: Figures = {}
    training: Figures = {}
    checksums: dict[str, str]


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle that was checked. ``curve``: cosine and similarity points; ``metrics``, ``training``: for people."""

    folder: Path
    version: str
    created: str
    detector: DetectorSettings
    encoder: EncoderSettings
    calibration: Calibration
    curve: tuple[tuple[float, float], ...]
    metrics: Mapping[str, Any]
    training: Mapping[str, Any]
    checksums: Mapping[str, str]

    @property
    def detector_path(self) -> Path:
        return self.folder / self.detector.file

    @property
    def encoder_path(self) -> Path:
        return self.folder / self.encoder.file

    @property
    def second_path(self) -> Path | None:
        """Of the network that the encoder asks where it is unsure, if any."""
        return self.folder / self.encoder.second.file if self.encoder.second else None

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the networks' files in the folder."""
        return _files(self.detector, self.encoder)

    def similarity(self, cosine: float) -> float:
        """Piecewise linear over ``curve``, 0..1; beyond its ends the value at the end."""
        xs, ys = zip(*self.curve, strict=True)
        return float(np.interp(cosine, xs, ys))

    def embeds_like(self, other: "Bundle") -> bool:
        """Whether both make the same embedding of the same garment, so that theirs may be compared."""
        return self.encoder == other.encoder and dict(self.checksums) == dict(other.checksums)


def _files(detector: DetectorSettings, encoder: EncoderSettings) -> tuple[str, ...]:
    return tuple(sorted({detector.file, encoder.file, *([encoder.second.file] if encoder.second else [])}))


def is_version(word: str) -> bool:
    """1 to 64 letters, digits, ``.``, ``_`` and ``-``, beginning with a letter or digit."""
    return _VERSION.fullmatch(word) is not None


def read_bundle(folder: Path) -> Bundle:
    """Read and check the bundle in ``folder``.

    Raises BundleInvalid: no manifest, a field that does not fit, a vocabulary other than the product's, a missing file
    or one that is not the one the manifest was written for.
    """
    manifest = _read_manifest(folder)
    _check_words(folder, manifest)
    names = _files(manifest.detector, manifest.encoder)
    for name in names:
        _check_file(folder, name, manifest.checksums.get(name))
    return Bundle(
        folder=folder,
        version=manifest.version,
        created=manifest.created,
        detector=manifest.detector,
        encoder=manifest.encoder,
        calibration=manifest.calibration,
        curve=tuple(manifest.similarity.curve),
        metrics=manifest.metrics,
        training=manifest.training,
        checksums={n: manifest.checksums[n] for n in names},
    )


def _read_manifest(folder: Path) -> _Manifest:
    path = folder / MANIFEST
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_MANIFEST_BYTES + 1)
    except OSError as error:
        raise BundleInvalid(f"{path} cannot be read: {error.strerror}") from None
    if len(text) > _MOST_MANIFEST_BYTES:
        raise BundleInvalid(f"{path} has more than {_MOST_MANIFEST_BYTES} bytes")
    try:
        return _Manifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BundleInvalid(f"{path}: {where + ': ' if where else ''}{first['msg']}") from None


def _check_words(folder: Path, manifest: _Manifest) -> None:
    if not is_version(manifest.version):
        raise BundleInvalid(f"{folder}: version must have 1 to 64 letters, digits, '.', '_' and '-'")
    if manifest.encoder.embedding_dim != EMBEDDING_DIM:
        raise BundleInvalid(
            f"{folder}: embeddings have {manifest.encoder.embedding_dim} dimensions, not {EMBEDDING_DIM}"
        )
    words = taxonomy()
    here = manifest.taxonomy
    same = (
        here.groups == list(words.groups)
        and here.categories == list(words.categories)
        and list(here.attributes) == list(words.attributes)
        and all(tuple(here.attributes[a]) == labels for a, labels in words.attributes.items())
    )
    if not same:
        raise BundleInvalid(f"{folder}: its taxonomy is not the product's; it was made for another version of Placket")
    _check_calibration(folder, manifest.calibration, words)


def _check_calibration(folder: Path, calibration: Calibration, words: Taxonomy) -> None:
    known = {"category", FIRST_COLOR, *words.attributes}
    for table in (calibration.temperature, calibration.unknown):
        if strange := sorted(set(table) - known):
            raise BundleInvalid(f"{folder}: the calibration names {strange[0]!r}, which is no attribute")
    for attribute, thresholds in calibration.thresholds.items():
        if attribute not in MULTI_LABEL:
            raise BundleInvalid(f"{folder}: thresholds are for {' and '.join(MULTI_LABEL)}, not {attribute!r}")
        if strange := sorted(set(thresholds) - {"default", *words.attributes[attribute]}):
            raise BundleInvalid(f"{folder}: a threshold names {strange[0]!r}, which is no label of {attribute}")


def _check_file(folder: Path, name: str, checksum: str | None) -> None:
    if checksum is None:
        raise BundleInvalid(f"{folder}: {MANIFEST} has no checksum of {name}")
    try:
        with (folder / name).open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BundleInvalid(f"{folder / name} cannot be read: {error.strerror}") from None
    if found != checksum:
        raise BundleInvalid(
            f"{folder / name} is damaged or of another bundle: its SHA-256 is not the one in {MANIFEST}"
        )
