"""Shapes of the answers, for the documentation and for clients made from it."""

from typing import Literal

from pydantic import BaseModel, Field

Fractions = tuple[float, float]
"""x and y in fractions of the upright image's width and height."""


# Whether a call succeeded is told apart by resultCode: of a boolean that is always true or false, OpenAPI Generator's
# clients in Python check that it is the text 'true' or 'false', and take no answer.
class SuccessHeader(BaseModel):
    isSuccessful: bool = Field(description="Always true.")
    resultCode: Literal[0]
    resultMessage: Literal["SUCCESS"]


class FailureHeader(BaseModel):
    isSuccessful: bool = Field(description="Always false.")
    resultCode: int = Field(lt=0, examples=[-40000])
    resultMessage: str = Field(examples=["InvalidParam"])
    detail: str = Field(description="What was wrong, in words.")


class FashionFailure(BaseModel):
    header: FailureHeader


class Done(BaseModel):
    header: SuccessHeader


class ServiceName(BaseModel):
    serviceID: str


class ServiceNameListData(BaseModel):
    totalCount: int
    items: list[ServiceName]


class ServiceNameList(Done):
    data: ServiceNameListData


class ServiceInformation(BaseModel):
    service: str
    remainInsertCnt: int = Field(description="Index requests that the service may still make today.")
    documentCnt: int


class ServiceInformationData(BaseModel):
    totalService: int
    items: list[ServiceInformation]


class ServiceInformationList(Done):
    data: ServiceInformationData


class SimilarProduct(BaseModel):
    similarity: float = Field(ge=0, le=1)
    productID: str


class SimilarProductsData(BaseModel):
    totalCount: int
    query: str
    items: list[SimilarProduct]


class SimilarProducts(Done):
    data: SimilarProductsData


class DetectedItem(BaseModel):
    link: str = Field(description="Stands for this item in a search by link.")
    center: Fractions
    b0: Fractions
    b1: Fractions
    score: float


class DetectedItemsData(BaseModel):
    totalCount: int
    query: str
    items: list[DetectedItem]


class DetectedItems(Done):
    data: DetectedItemsData


class TagLabel(BaseModel):
    label: str
    score: float


class Tag(BaseModel):
    attribute: str
    labels: list[TagLabel]


class TaggedItem(BaseModel):
    type: str = Field(examples=["SHIRT"])
    tags: list[Tag]
    center: Fractions
    b0: Fractions
    b1: Fractions
    score: float


class TaggedItemsData(BaseModel):
    totalCount: int
    query: str
    items: list[TaggedItem]


class TaggedItems(Done):
    data: TaggedItemsData


class IndexAcceptedData(BaseModel):
    indexID: str


class IndexAccepted(Done):
    data: IndexAcceptedData


class Index(BaseModel):
    service: str
    id: str
    filename: str
    status: Literal["reserved", "running", "failed", "finished"]
    reservedTime: int = Field(description="Seconds since the epoch.")
    startTime: int = Field(description="0 until known.")
    finishTime: int = Field(description="0 until known.")
    addCnt: int
    failCnt: int
    deleteCnt: int
    updateCnt: int
    totalCnt: int


class IndexListData(BaseModel):
    total: int
    items: list[Index]


class IndexList(Done):
    data: IndexListData
