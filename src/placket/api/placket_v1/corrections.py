"""What people know better than the model about a product's garments."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from placket.api.parts import Parts
from placket.api.placket_v1.auth import ByKey
from placket.api.placket_v1.parameters import PREFIX, Language, ProductId, ServiceName
from placket.api.placket_v1.problems import problems
from placket.api.placket_v1.schemas import Product
from placket.domain.corrections import Correction as DomainCorrection
from placket.domain.errors import InvalidParameter
from placket.domain.garments import Box
from placket.domain.taxonomy import taxonomy

router = APIRouter(prefix=PREFIX, tags=["Products"])

_PATH = "/services/{service}/products/{productId}/corrections"
_MOST_ATTRIBUTES = len(taxonomy().attributes)
_MOST_LABELS = max(len(labels) for labels in taxonomy().attributes.values())


class Correction(BaseModel):
    """What one garment really is. Without category and tags: as it was seen."""

    model_config = ConfigDict(extra="forbid")

    box: tuple[float, float, float, float] = Field(
        description="The garment's, as the product has it: x0, y0, x1, y1 in fractions of the upright image.",
        examples=[[0.1, 0.1, 0.9, 0.8]],
    )
    category: str | None = Field(
        default=None, max_length=64, description="Left out: as it was seen.", examples=["dress"]
    )
    tags: dict[str, Annotated[list[str], Field(max_length=_MOST_LABELS)]] = Field(
        default_factory=dict,
        max_length=_MOST_ATTRIBUTES,
        description="Attribute to its labels; an empty list when it has none. One that is left out is as it was seen.",
        examples=[{"pattern": ["floral"], "details": []}],
    )

    def domain(self) -> DomainCorrection:
        x0, y0, x1, y1 = self.box
        if not (0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1):
            raise InvalidParameter("box must have 0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1")
        return DomainCorrection(Box(x0, y0, x1, y1), self.category, {a: tuple(ls) for a, ls in self.tags.items()})


@router.put(
    _PATH,
    operation_id="correctProduct",
    summary="Correct the category and tags of one garment of a product",
    description=(
        "Takes the place of what was said of the same garment before. It is kept when the product is indexed again,"
        " with another bundle too, and holds for the garment whose box overlaps the corrected one's by half or more"
        " (intersection over union). It ends with the photo: when the product gets another image, or is deleted."
    ),
    responses=problems(403, 404, 408, 413, 415),
)
async def correct(
    service: ServiceName, product: ProductId, correction: Correction, caller: ByKey, parts: Parts, language: Language
) -> Product:
    document = await parts.catalogue.correct_product(caller, service, product, correction.domain())
    return Product.of(document, language)


@router.delete(
    _PATH,
    status_code=204,
    operation_id="deleteCorrections",
    summary="Take all corrections of a product away",
    responses=problems(403, 404),
)
async def forget(service: ServiceName, product: ProductId, caller: ByKey, parts: Parts) -> None:
    await parts.catalogue.forget_corrections(caller, service, product)
