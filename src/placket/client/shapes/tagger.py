"""Requests and answers of the Tagger v2.12."""

from typing import Any, Literal, NotRequired, TypedDict


class Image(TypedDict):
    type: Literal["url", "base64"]
    content: str


class Context(TypedDict):
    """``id`` is unique within a task. ``productContentName``, ``keywords`` and ``gender`` help to tell what is seen;
    the other words change nothing."""

    id: str
    detection: NotRequired[list[str]]
    gender: NotRequired[str]
    brand: NotRequired[str]
    currency: NotRequired[str]
    price: NotRequired[str]
    age: NotRequired[list[str]]
    keywords: NotRequired[str]
    productContentName: NotRequired[str]
    season: NotRequired[str]


class Entry(TypedDict):
    """One element of ``taggingRequest``."""

    image: Image
    context: Context


class Leaf(TypedDict):
    id: str
    name: str
    confidence: float


class Tags(TypedDict):
    category: Leaf
    item: Leaf
    colors: list[Leaf]
    colorDetails: list[Leaf]
    prints: list[Leaf]
    looks: list[Leaf]
    textures: list[Leaf]
    details: list[Leaf]
    length: Leaf | None
    sleeveLength: Leaf | None
    neckLine: Leaf | None
    fit: Leaf | None
    shape: Leaf | None


class Box(TypedDict):
    x0: float
    y0: float
    x1: float
    y1: float


class DetectedObject(TypedDict):
    """``type``: CLOTHING, the group's name, or "no detected product", which has no tags and no box."""

    type: str
    tags: list[Tags]
    box: Box | None
    confidence: NotRequired[float]


class TaggingResult(TypedDict):
    objects: list[DetectedObject]
    notMatchedObject: list[DetectedObject]


class Validation(TypedDict):
    accept: int
    failure: int


class FailedEntry(TypedDict):
    """``request`` is the entry as it was sent."""

    request: Any
    errorMessage: str


class Submitted(TypedDict):
    taskId: str
    albumName: str
    taskExpiredAt: str
    taskExpireAt: str
    validation: Validation
    failureList: list[FailedEntry]


class Count(TypedDict):
    total: int
    done: int
    processing: int
    failure: int


class Task(TypedDict):
    taskId: str
    albumName: str
    description: str
    count: Count
    taskStatus: Literal["TASK_PROCESSING", "TASK_DONE"]
    taskExpireAt: str
    resultExpiredAt: str
    createDate: str


class Error(TypedDict):
    code: int
    message: str


class Result(TypedDict):
    id: str
    taggingResult: TaggingResult


class FailedResult(TypedDict):
    id: str
    error: Error


class TaskInfo(TypedDict):
    totalCount: int
    offset: int
    size: int


class Results(TypedDict):
    """A window of a task's entries: those done and those that could not be tagged, each in the order of the request."""

    taskInfo: TaskInfo
    results: list[Result]
    failures: list[FailedResult]
