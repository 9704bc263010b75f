"""Shapes of the answers, for the documentation and for clients made from it."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, WithJsonSchema

Nothing = Annotated[None, WithJsonSchema({"type": ["string", "null"], "description": "Always null."})]
"""Said as of a text that may be null: at a bare ``"type": "null"`` OpenAPI Generator's maker of Python ends."""


class Error(BaseModel):
    code: int = Field(examples=[824])
    message: str = Field(description="What to mend.")


class FailedEntry(BaseModel):
    request: Any = Field(description="The entry as it was sent.")
    errorMessage: str


class Validation(BaseModel):
    accept: int
    failure: int


class TaggerFailure(BaseModel):
    """``validation`` and ``failureList`` come with code 824 when no entry was accepted."""

    data: Nothing
    status: Literal["fail"]
    error: Error
    validation: Validation | None = None
    failureList: list[FailedEntry] | None = None


class Success(BaseModel):
    status: Literal["ok"]
    error: Nothing


class Submitted(Success):
    """Flat: no ``data`` around it."""

    taskId: str
    albumName: str
    taskExpiredAt: str = Field(description="End of the time to append (ISO 8601).")
    taskExpireAt: str = Field(description="The same; the guide has both names.")
    validation: Validation
    failureList: list[FailedEntry]


class Leaf(BaseModel):
    id: str = Field(description="Never depends on the language.")
    name: str
    confidence: float = Field(ge=0, le=1)


class Tags(BaseModel):
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


class Box(BaseModel):
    """Corners in fractions of the upright image's width and height."""

    x0: float
    y0: float
    x1: float
    y1: float


class DetectedObject(BaseModel):
    """``type``: CLOTHING, the group's name, or "no detected product", which has no tags and no box."""

    type: str
    tags: list[Tags]
    box: Box | None
    confidence: float | None = None


class TaggingResult(BaseModel):
    objects: list[DetectedObject]
    notMatchedObject: list[DetectedObject]


class SingleAnswer(Success):
    data: TaggingResult


class Count(BaseModel):
    total: int
    done: int
    processing: int
    failure: int


class Task(BaseModel):
    taskId: str
    albumName: str
    description: str
    count: Count
    taskStatus: Literal["TASK_PROCESSING", "TASK_DONE"]
    taskExpireAt: str
    resultExpiredAt: str
    createDate: str


class TaggingTaskDone(BaseModel):
    """What a webhook tells of a task."""

    event: Literal["tagging_task.done"]
    taskId: str
    albumName: str
    taskStatus: Literal["TASK_DONE"]
    count: Count


class TaskAnswer(Success):
    data: Task


class TaskList(BaseModel):
    tasks: list[Task]
    nextCursor: str | None = Field(description="For the next page, where `limit` or `cursor` was given.")


class TaskListAnswer(Success):
    data: TaskList


class TaskInfo(BaseModel):
    totalCount: int = Field(description="All entries of the task.")
    offset: int
    size: int


class Result(BaseModel):
    id: str
    taggingResult: TaggingResult


class FailedResult(BaseModel):
    id: str
    error: Error


class Results(BaseModel):
    taskInfo: TaskInfo
    results: list[Result]
    failures: list[FailedResult] = Field(description="Entries of the same window that could not be tagged, and why.")


class ResultsAnswer(Success):
    data: Results


class Deleted(BaseModel):
    taskId: str


class DeletedAnswer(Success):
    data: Deleted
