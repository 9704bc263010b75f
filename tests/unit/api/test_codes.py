"""Every failure of the domain has its row in the table."""

import pytest

from placket.api import errors as api
from placket.api.codes import CODES, INTERNAL, code_of, detail_of
from placket.domain import errors as domain
from placket.domain.errors import PlacketError

GUIDE = {
    -40000: "InvalidParam",
    -40010: "InvalidFileError",
    -40020: "NoDataError",
    -40030: "ExceedDataSizeError",
    -40040: "IndexQuotaExceededException",
    -40050: "NotFoundProductId",
    -40080: "TooManyRequestError",
    -40400: "NoApiFound",
    -41000: "UnauthorizedAppKey",
    -42000: "NotExistService",
    -42010: "DuplicateServiceName",
    -42030: "ServiceQuotaExceededException",
    -45020: "ImageTooLargeException",
    -45040: "InvalidImageFormatException",
    -45050: "InvalidImageURLException",
    -45060: "ImageTimeoutError",
    -45070: "NoDetectedFashionItems",
    -50000: "InternalServerError",
}


def everything(kind: type[PlacketError]) -> set[type[PlacketError]]:
    return {kind}.union(*(everything(k) for k in kind.__subclasses__()))


def test_the_names_are_the_guides() -> None:
    names = {code.number: code.name for code in CODES.values()}
    assert {number: names[number] for number in GUIDE} == GUIDE
    assert all(code.number < 0 and 400 <= code.status < 600 for code in CODES.values())


@pytest.mark.parametrize("kind", sorted(everything(PlacketError), key=lambda k: k.__name__), ids=lambda k: k.__name__)
def test_no_failure_is_without_a_code(kind: type[PlacketError]) -> None:
    if kind.__module__ in (domain.__name__, api.__name__) and kind not in (PlacketError, domain.ImageError):
        assert any(k in CODES for k in kind.__mro__[:-1]), kind


def test_a_subclass_has_the_nearest_row() -> None:
    assert code_of(domain.LinkInvalid("x")) is CODES[domain.InvalidParameter]
    assert code_of(domain.VisionCrashed("x")).number == -45040
    assert code_of(domain.SchemaTooNew("x")).status == 503
    assert code_of(KeyError("x")) is INTERNAL
    assert "hush" not in detail_of(ValueError("hush"))
