"""A shop's products and their variants, as far as an index can use them: no descriptions, so that all fit in memory."""

from dataclasses import dataclass, field

from placket.domain.errors import PlacketError

_MOST = 1_000_000
"""Products and variants of one file: ten times what a service holds."""


class ExportInvalid(PlacketError):
    """The file as a whole cannot be read, or is none that is known."""

    reason = "ExportInvalid"


@dataclass(frozen=True, slots=True)
class Problem:
    """What cannot be used of a file, and where it stands, as an editor counts."""

    line: int
    id: str
    detail: str


@dataclass(slots=True)
class Variant:
    """One size or colour. What is empty is as its product has it; ``left_out``, besides what its product is for."""

    line: int
    id: str
    name: str = ""
    picture: str = ""
    price: str = ""
    in_stock: bool = True
    left_out: str = ""


@dataclass(slots=True)
class Product:
    """``categories``: from the widest to the narrowest. ``left_out``: why it is not to be found, as "not published"."""

    line: int
    id: str
    name: str = ""
    picture: str = ""
    price: str = ""
    in_stock: bool = True
    categories: tuple[str, ...] = ()
    vendor: str = ""
    tags: tuple[str, ...] = ()
    left_out: str = ""
    variants: list[Variant] = field(default_factory=list)


@dataclass(slots=True)
class Catalogue:
    products: dict[str, Product] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    _size: int = 0

    def add(self, product: Product) -> None:
        self._grow()
        self.products[product.id] = product

    def add_variant(self, product: Product, variant: Variant) -> None:
        self._grow()
        product.variants.append(variant)

    def refuse(self, line: int, id: str, detail: str) -> None:
        self._grow()
        self.problems.append(Problem(line, id, detail))

    def _grow(self) -> None:
        self._size += 1
        if self._size > _MOST:
            raise ExportInvalid(f"the file has more than {_MOST:,} products and variants")
