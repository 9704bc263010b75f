"""Shapes of requests and answers. A product's columns have the names of the index file; all else is camelCase."""

from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from placket.domain import garments as domain
from placket.domain.access import Access
from placket.domain.index_file import MAX_LENGTH
from placket.domain.names_of import category_name, label_name
from placket.domain.runs import FilterField, Outcome, RowResult, RunKind, RunState
from placket.domain.runs import Run as DomainRun
from placket.services.catalogue import ServiceInformation
from placket.services.keys import MOST_IMAGES_PER_MONTH
from placket.services.looking import Detected
from placket.services.stores import Document, KeyRecord


class ServiceCreation(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(description="2 to 32 characters: a-z, 0-9, - and _, a letter first.", examples=["my-shop"])


class Service(BaseModel):
    name: str
    documents: int = Field(description="Products that it holds.")
    remainingIndexRequests: int = Field(description="Index requests that it may still make today.")
    bundle: str = Field(description="Version of the model bundle that its products were indexed with.")
    createdAt: datetime

    @classmethod
    def of(cls, information: ServiceInformation) -> "Service":
        service = information.service
        return cls(
            name=service.name,
            documents=service.documents,
            remainingIndexRequests=information.remaining,
            bundle=service.bundle,
            createdAt=service.created_at,
        )


class ServiceList(BaseModel):
    items: list[Service]


class NamedLabel(BaseModel):
    id: str = Field(description="Never changes and depends on no language.")
    name: str
    score: float = Field(description="Calibrated probability, 0..1.")


class Attribute(BaseModel):
    attribute: str
    labels: list[NamedLabel] = Field(description="Best first.")


class Color(BaseModel):
    hex: str
    id: str = Field(description="Of the attribute `colors`; depends on no language.")
    name: str
    share: float = Field(description="Of the garment's area, 0..1.")


class Garment(BaseModel):
    group: str = Field(examples=["TOP"])
    category: NamedLabel
    box: tuple[float, float, float, float] = Field(description="x0, y0, x1, y1 in fractions of the upright image.")
    score: float = Field(description="Confidence of the detection, 0..1.")
    tags: list[Attribute]
    colors: list[Color] = Field(description="Measured from the garment's pixels.")

    @classmethod
    def of(cls, garment: domain.Garment, language: str) -> "Garment":
        return cls(**_garment(garment, language))


class ProductGarment(Garment):
    corrected: list[str] = Field(
        description="Of category and the attributes, those that somebody corrected; their scores are 1.",
        examples=[["category", "pattern"]],
    )


class DetectedGarment(Garment):
    link: str = Field(description="Stands for this garment in a search.")

    @classmethod
    def found(cls, detected: Detected, language: str) -> "DetectedGarment":
        return cls(**_garment(detected.garment, language), link=detected.link)


def _garment(garment: domain.Garment, language: str) -> dict[str, Any]:
    category = garment.category
    return {
        "group": garment.group,
        "category": NamedLabel(id=category.id, name=category_name(category.id, language), score=category.score),
        "box": garment.box.as_list(),
        "score": garment.score,
        "tags": [
            Attribute(
                attribute=attribute,
                labels=[NamedLabel(id=x.id, name=label_name(attribute, x.id, language), score=x.score) for x in labels],
            )
            for attribute, labels in garment.tags.items()
        ],
        "colors": [
            Color(hex=s.hex, id=s.name, name=label_name("colors", s.name, language), share=s.share)
            for s in garment.swatches
        ],
    }


class Photo(BaseModel):
    width: int = Field(description="Of the upright image, in pixels.")
    height: int
    items: list[DetectedGarment]


class ProductColumns(BaseModel):
    name: str
    category1_id: str
    category2_id: str
    category3_id: str
    image_url: str
    s1: str
    s2: str


class Product(ProductColumns):
    product_id: str
    width: int = Field(description="Of the upright photo, in pixels.")
    height: int
    garments: list[ProductGarment] = Field(description="The main one first.")
    createdAt: datetime
    updatedAt: datetime

    @classmethod
    def of(cls, document: Document, language: str) -> "Product":
        columns = {name: document.fields.get(name, "") for name in ProductColumns.model_fields}
        return cls(
            **columns,
            product_id=document.product_id,
            width=document.width,
            height=document.height,
            garments=[
                ProductGarment(**_garment(g, language), corrected=list(fixed.names) if fixed else [])
                for g, fixed in ((g, document.corrected.get(n)) for n, g in enumerate(document.garments))
            ],
            createdAt=document.created_at,
            updatedAt=document.updated_at,
        )


def _as_it_is(schema: dict[str, Any]) -> None:
    """Of a text that is left out: a generated client that sends a default in its place would empty the column."""
    del schema["default"]
    schema["maxLength"] = MAX_LENGTH["s1"]


class FilterValues(BaseModel):
    """What is to be changed; the rest stays."""

    # A column whose name is misspelt would stay too. The page at /docs sends the example, and all columns without one.
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"s2": "sold-out"}]})

    category1_id: str = Field(default="", json_schema_extra=_as_it_is)
    category2_id: str = Field(default="", json_schema_extra=_as_it_is)
    category3_id: str = Field(default="", json_schema_extra=_as_it_is)
    s1: str = Field(default="", json_schema_extra=_as_it_is)
    s2: str = Field(default="", json_schema_extra=_as_it_is)

    def given(self) -> dict[FilterField, str]:
        return {field: getattr(self, field) for field in get_args(FilterField) if field in self.model_fields_set}


class ProductList(BaseModel):
    items: list[Product]
    nextCursor: str | None = Field(description="Where to go on; null at the end.")


class MatchedGarment(BaseModel):
    """What of a product is like the query: its photo may show others, worn together."""

    group: str = Field(examples=["TOP"])
    category: NamedLabel
    box: tuple[float, float, float, float] = Field(description="x0, y0, x1, y1 in fractions of the upright image.")
    main: bool = Field(description="Whether it is the product's main garment, the first of them.")

    @classmethod
    def of(cls, document: Document, place: int, language: str) -> "MatchedGarment":
        shown = _garment(document.garments[place], language)
        return cls(group=shown["group"], category=shown["category"], box=shown["box"], main=place == 0)


class Match(BaseModel):
    """Beside id and similarity, what ``fields`` asked for."""

    product_id: str
    similarity: float = Field(ge=0, le=1)
    name: str | None = None
    image_url: str | None = None
    category1_id: str | None = None
    category2_id: str | None = None
    category3_id: str | None = None
    s1: str | None = None
    s2: str | None = None
    garment: MatchedGarment | None = None


class MatchList(BaseModel):
    items: list[Match] = Field(description="The most similar first.")
    bestSimilarity: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Of the nearest product that passes the filters, also where minSimilarity left it out; "
        "absent when none passes.",
    )


class ImageMatchList(MatchList):
    garment: Garment | None = Field(default=None, description="What of the photo was searched for; absent for a link.")


class Run(BaseModel):
    id: UUID
    service: str
    kind: RunKind = Field(description="check: a file is only checked; reindex: after a change of bundle.")
    filename: str
    status: RunState
    cancelled: bool
    bundle: str
    requestedAt: datetime
    startedAt: datetime | None
    finishedAt: datetime | None
    added: int
    updated: int
    deleted: int
    failed: int
    pending: int
    total: int

    @classmethod
    def of(cls, run: DomainRun) -> "Run":
        return cls(
            id=run.id,
            service=run.service,
            kind=run.kind,
            filename=run.filename,
            status=run.state,
            cancelled=run.cancelled,
            bundle=run.bundle,
            requestedAt=run.reserved_at,
            startedAt=run.started_at,
            finishedAt=run.finished_at,
            added=run.added,
            updated=run.updated,
            deleted=run.deleted,
            failed=run.failed,
            pending=run.pending,
            total=run.total,
        )


class RunList(BaseModel):
    total: int = Field(description="All that match, before paging.")
    items: list[Run]


class IndexRunEnded(BaseModel):
    """What a webhook tells of a run; the counts have the names of AI Fashion's list of indexes."""

    event: Literal["index_run.ended"]
    service: str
    indexID: UUID = Field(description="Of the run.")
    status: Literal["finished", "failed"]
    cancelled: bool
    addCnt: int
    updateCnt: int
    deleteCnt: int
    failCnt: int
    totalCnt: int


class RunRow(BaseModel):
    line: int = Field(description="Of the file, counted from 1.")
    product_id: str
    outcome: Outcome | None = Field(description="null until the row's turn has come.")
    reason: str = Field(description="Of a failure, one word.", examples=["ImageTimeoutError"])
    detail: str

    @classmethod
    def of(cls, row: RowResult) -> "RunRow":
        return cls(line=row.line, product_id=row.product_id, outcome=row.outcome, reason=row.reason, detail=row.detail)


class RunRowList(BaseModel):
    items: list[RunRow] = Field(description="In the order of the file.")
    nextStart: int | None = Field(description="Where to go on; null at the end.")


class ReindexAnswer(BaseModel):
    run: Run | None = Field(description="null: every product has embeddings of the bundle in use already.")


class WebhookSecret(BaseModel):
    header: str = Field(examples=["X-Placket-Signature"])
    algorithm: Literal["sha256"] = "sha256"
    secret: str = Field(description="The header is sha256= and the hex HMAC-SHA256 of the body under these characters.")


_ACCESS = (
    "full: every call of its project. search: similar products, photos looked at and searched with, and a product by"
    " its id; nothing else."
)


class KeyCreation(BaseModel):
    # A limit whose name is misspelt would be none.
    model_config = ConfigDict(extra="forbid")

    name: str = Field(description="Of the key and, without project, of its new project.")
    project: str | None = Field(default=None, description="Existing project that the key is another key of.")
    ratePerSecond: float | None = Field(
        default=None, gt=0, allow_inf_nan=False, description="Most requests a second; unlimited if not given."
    )
    imagesPerMonth: int | None = Field(
        default=None,
        ge=1,
        le=MOST_IMAGES_PER_MONTH,
        description="Most images to tag in a month (UTC); unlimited if not given.",
    )
    access: Access = Field(default=Access.FULL, description=_ACCESS)


class KeyLimits(BaseModel):
    model_config = ConfigDict(extra="forbid")

    ratePerSecond: float | None = Field(
        default=None, gt=0, allow_inf_nan=False, description="Left out: as it is; null: no limit."
    )
    imagesPerMonth: int | None = Field(
        default=None, ge=1, le=MOST_IMAGES_PER_MONTH, description="Left out: as it is; null: no limit."
    )


class Key(BaseModel):
    id: str
    name: str
    project: str
    createdAt: datetime
    revokedAt: datetime | None
    ratePerSecond: float | None = Field(description="null: any number.")
    imagesPerMonth: int | None = Field(description="null: any number.")
    access: Access = Field(description=_ACCESS)

    @classmethod
    def of(cls, record: KeyRecord) -> "Key":
        return cls(**_key(record))


class CreatedKey(Key):
    key: str = Field(description="Shown this once; only its hash is stored.")

    @classmethod
    def made(cls, record: KeyRecord, key: str) -> "CreatedKey":
        return cls(**_key(record), key=key)


def _key(record: KeyRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        "name": record.name,
        "project": record.project,
        "createdAt": record.created_at,
        "revokedAt": record.revoked_at,
        "ratePerSecond": record.rate_per_second,
        "imagesPerMonth": record.images_per_month,
        "access": record.access,
    }


class KeyList(BaseModel):
    items: list[Key]


class Statistics(BaseModel):
    figures: dict[str, float] = Field(description="As in /metrics: the queue, the vision processes.")
