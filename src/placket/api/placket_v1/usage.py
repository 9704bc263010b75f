"""What the project's keys have used."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from placket.api.parts import Face
from placket.api.placket_v1.auth import ByKey
from placket.api.placket_v1.parameters import PREFIX
from placket.api.placket_v1.problems import problems, render_error
from placket.services.usage import Usage, UsageReport


class UsageOfDay(BaseModel):
    day: date
    keyId: str
    requests: int = Field(description="Tagging requests that were accepted.")
    images: int = Field(description="Their images.")


class UsageAnswer(BaseModel):
    """``days``: of every key of the project, those with any use."""

    first: date
    last: date
    imagesPerMonth: int | None = Field(description="What the asking key may tag in a month (UTC); null is any number.")
    imagesThisMonth: int = Field(description="What the asking key has had tagged this month.")
    days: list[UsageOfDay]

    @classmethod
    def of(cls, report: UsageReport) -> "UsageAnswer":
        return cls(
            first=report.first,
            last=report.last,
            imagesPerMonth=report.allowance.limit,
            imagesThisMonth=report.allowance.spent,
            days=[UsageOfDay(day=d.day, keyId=d.key_id, requests=d.requests, images=d.images) for d in report.days],
        )


def usage_face(usage: Usage) -> Face:
    router = APIRouter(tags=["Usage"])

    @router.get(
        f"{PREFIX}/usage",
        operation_id="getUsage",
        summary="Tagging requests and images by day (UTC)",
        responses=problems(403),
    )
    async def report(
        caller: ByKey,
        first: Annotated[
            date | None,
            Query(alias="from", description="First day; else that of the 30 days up to the last. At most 366 in all."),
        ] = None,
        last: Annotated[date | None, Query(alias="to", description="Last day; else today.")] = None,
    ) -> UsageAnswer:
        return UsageAnswer.of(await usage.report(caller, first, last))

    return Face(f"{PREFIX}/usage", render_error, router, raw_paths=True)
