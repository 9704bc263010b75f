"""Answers of /placket/v1. Boxes are x0, y0, x1, y1 in fractions of the upright image; scores 0..1; times ISO 8601."""

from typing import Literal, NotRequired, TypedDict


class Service(TypedDict):
    name: str
    documents: int
    remainingIndexRequests: int
    bundle: str
    createdAt: str


class NamedLabel(TypedDict):
    id: str
    name: str
    score: float


class Attribute(TypedDict):
    attribute: str
    labels: list[NamedLabel]


class Color(TypedDict):
    hex: str
    id: str
    name: str
    share: float


class Garment(TypedDict):
    group: str
    category: NamedLabel
    box: list[float]
    score: float
    tags: list[Attribute]
    colors: list[Color]


class ProductGarment(Garment):
    """``corrected``: of category and the attributes, those that somebody corrected."""

    corrected: list[str]


class DetectedGarment(Garment):
    link: str


class Photo(TypedDict):
    width: int
    height: int
    items: list[DetectedGarment]


class Product(TypedDict):
    product_id: str
    name: str
    category1_id: str
    category2_id: str
    category3_id: str
    image_url: str
    s1: str
    s2: str
    width: int
    height: int
    garments: list[ProductGarment]
    createdAt: str
    updatedAt: str


class MatchedGarment(TypedDict):
    """What of a product is like the query. ``main``: whether it is the product's main garment."""

    group: str
    category: NamedLabel
    box: list[float]
    main: bool


class Match(TypedDict):
    """Beside id and similarity, what ``fields`` asked for."""

    product_id: str
    similarity: float
    name: NotRequired[str]
    image_url: NotRequired[str]
    category1_id: NotRequired[str]
    category2_id: NotRequired[str]
    category3_id: NotRequired[str]
    s1: NotRequired[str]
    s2: NotRequired[str]
    garment: NotRequired[MatchedGarment]


class MatchList(TypedDict):
    """``bestSimilarity``: of the nearest product that passes the filters, shown or not; absent when none passes."""

    items: list[Match]
    bestSimilarity: NotRequired[float]


class ImageMatchList(MatchList):
    """``garment``: what of the photo was searched for; absent for a link."""

    garment: NotRequired[Garment]


Outcome = Literal["added", "updated", "deleted", "failed"]
RunStatus = Literal["reserved", "running", "failed", "finished"]
RunKind = Literal["index", "check", "reindex"]


class Run(TypedDict):
    """``failed`` as a status means that no row succeeded."""

    id: str
    service: str
    kind: RunKind
    filename: str
    status: RunStatus
    cancelled: bool
    bundle: str
    requestedAt: str
    startedAt: str | None
    finishedAt: str | None
    added: int
    updated: int
    deleted: int
    failed: int
    pending: int
    total: int


class RunRow(TypedDict):
    """``line`` counts from 1; ``outcome`` is None until the row's turn has come."""

    line: int
    product_id: str
    outcome: Outcome | None
    reason: str
    detail: str


class UsageOfDay(TypedDict):
    day: str
    keyId: str
    requests: int
    images: int


class Usage(TypedDict):
    first: str
    last: str
    imagesPerMonth: int | None
    imagesThisMonth: int
    days: list[UsageOfDay]


class WebhookSecret(TypedDict):
    header: str
    algorithm: str
    secret: str


class Readiness(TypedDict):
    """``problems``: why it cannot serve; of a server that is ready, what will soon be in its way."""

    status: Literal["ready", "not ready"]
    problems: list[str]


Access = Literal["full", "search"]


class Key(TypedDict):
    id: str
    name: str
    project: str
    createdAt: str
    revokedAt: str | None
    ratePerSecond: float | None
    imagesPerMonth: int | None
    access: Access


class CreatedKey(Key):
    """``key`` is shown this once."""

    key: str
