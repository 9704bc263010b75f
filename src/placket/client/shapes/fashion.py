"""Answers of AI Fashion v1.0: what its guide calls ``data``. Coordinates are fractions of the upright image."""

from typing import Literal, TypedDict


class ServiceName(TypedDict):
    serviceID: str


class ServiceInformation(TypedDict):
    service: str
    remainInsertCnt: int
    documentCnt: int


class SimilarProduct(TypedDict):
    similarity: float
    productID: str


class SimilarProducts(TypedDict):
    totalCount: int
    query: str
    items: list[SimilarProduct]


class DetectedItem(TypedDict):
    """``b0`` is (x0, y0), ``b1`` (x1, y1)."""

    link: str
    center: list[float]
    b0: list[float]
    b1: list[float]
    score: float


class DetectedItems(TypedDict):
    totalCount: int
    query: str
    items: list[DetectedItem]


class TagLabel(TypedDict):
    label: str
    score: float


class Tag(TypedDict):
    attribute: str
    labels: list[TagLabel]


class TaggedItem(TypedDict):
    type: str
    tags: list[Tag]
    center: list[float]
    b0: list[float]
    b1: list[float]
    score: float


class TaggedItems(TypedDict):
    totalCount: int
    query: str
    items: list[TaggedItem]


class Index(TypedDict):
    """Times are seconds since the epoch, 0 until known."""

    service: str
    id: str
    filename: str
    status: Literal["reserved", "running", "failed", "finished"]
    reservedTime: int
    startTime: int
    finishTime: int
    addCnt: int
    failCnt: int
    deleteCnt: int
    updateCnt: int
    totalCnt: int
