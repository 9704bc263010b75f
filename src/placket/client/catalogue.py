"""Services and products over /placket/v1."""

from collections.abc import Mapping, Sequence

from placket.client.answers import read_nothing, read_placket
from placket.client.faces import Calls, M, call, listing
from placket.client.inputs import Upload, parameters, segment, several, tag_parameters, uploaded
from placket.client.shapes.placket import Product, Service
from placket.client.steps import Page, Pages, Request, Steps

PREFIX = "/placket/v1"
_COLUMNS = ("name", "category1_id", "category2_id", "category3_id", "image_url", "s1", "s2")


def service_path(service: str) -> str:
    return f"{PREFIX}/services/{segment(service)}"


class Services(Calls[M]):
    """Services of the key's project; each holds a catalogue."""

    @call
    def list(self) -> "Steps[list[Service]]":
        body = yield from self._retries.send(Request("GET", f"{PREFIX}/services", True), read_placket)
        found: list[Service] = body["items"]
        return found

    @call
    def create(self, name: str) -> Steps[Service]:
        """Raises ServiceExists, ServiceQuotaExceeded; InvalidRequest for a name outside the rule."""
        made: Service = yield from self._retries.send(
            Request("POST", f"{PREFIX}/services", False, json={"name": name}), read_placket
        )
        return made

    @call
    def get(self, name: str) -> Steps[Service]:
        """Raises NoSuchService."""
        found: Service = yield from self._retries.send(Request("GET", service_path(name), True), read_placket)
        return found

    @call
    def delete(self, name: str) -> Steps[None]:
        """With its products; its index runs stop. Raises NoSuchService."""
        yield from self._retries.send(Request("DELETE", service_path(name), True), read_nothing)


class Products(Calls[M]):
    """Products one at a time."""

    @call
    def put(
        self,
        service: str,
        product_id: str,
        image: Upload,
        *,
        lang: str | None = None,
        name: str = "",
        category1_id: str = "",
        category2_id: str = "",
        category3_id: str = "",
        image_url: str = "",
        s1: str = "",
        s2: str = "",
    ) -> Steps[Product]:
        """Add a product, or replace it, with its photo; columns that are not given become empty.

        Raises NoSuchService, DocumentQuotaExceeded, ImageRefused, OSError.
        """
        values = (name, category1_id, category2_id, category3_id, image_url, s1, s2)
        file = yield from uploaded(image)
        request = Request(
            "PUT",
            _product_path(service, product_id),
            True,
            parameters(lang=lang),
            data={column: value for column, value in zip(_COLUMNS, values, strict=True) if value},
            files={"image": file},
        )
        product: Product = yield from self._retries.send(request, read_placket)
        return product

    @call
    def get(self, service: str, product_id: str, *, lang: str | None = None) -> Steps[Product]:
        """With the tags of what was found on its photo. Raises NoSuchService, NoSuchProduct."""
        request = Request("GET", _product_path(service, product_id), True, parameters(lang=lang))
        product: Product = yield from self._retries.send(request, read_placket)
        return product

    @call
    def refilter(
        self, service: str, product_id: str, values: Mapping[str, str], *, lang: str | None = None
    ) -> Steps[Product]:
        """Change columns that are filtered by, as in ``{"s2": "sold-out"}``; all else stays, the photo too.

        Raises NoSuchService, NoSuchProduct, InvalidRequest.
        """
        path = _product_path(service, product_id)
        request = Request("PATCH", path, True, parameters(lang=lang), json={**values})
        product: Product = yield from self._retries.send(request, read_placket)
        return product

    @call
    def delete(self, service: str, product_id: str) -> Steps[None]:
        """Raises NoSuchService, NoSuchProduct."""
        yield from self._retries.send(Request("DELETE", _product_path(service, product_id), True), read_nothing)

    @call
    def correct(
        self,
        service: str,
        product_id: str,
        box: Sequence[float],
        *,
        category: str | None = None,
        tags: Mapping[str, Sequence[str]] | None = None,
        lang: str | None = None,
    ) -> Steps[Product]:
        """Say what the garment at ``box`` (as the product has it) is; without category and tags, what was seen.

        Kept when the product is indexed again with the same photo. ``tags``: attribute to its labels.
        Raises NoSuchService, NoSuchProduct, InvalidRequest.
        """
        body = {"box": [*box], "category": category, "tags": _listed(tags or {})}
        path = f"{_product_path(service, product_id)}/corrections"
        request = Request("PUT", path, True, parameters(lang=lang), json=body)
        product: Product = yield from self._retries.send(request, read_placket)
        return product

    @call
    def forget_corrections(self, service: str, product_id: str) -> Steps[None]:
        """The product's tags are again what was seen. Raises NoSuchService, NoSuchProduct."""
        path = f"{_product_path(service, product_id)}/corrections"
        yield from self._retries.send(Request("DELETE", path, True), read_nothing)

    @listing
    def list(
        self, service: str, *, tags: Sequence[str] = (), lang: str | None = None, page_size: int = 100
    ) -> Pages[Product]:
        """Products by id, a page of ``page_size`` (1 to 200) at a time.

        ``tags`` as ``["category:dress,jumpsuit", "!pattern:floral"]``: only those with a garment for which all hold.
        Raises NoSuchService, InvalidRequest.
        """
        wanted = tag_parameters(tags)
        cursor: str | None = None
        while True:
            params = wanted + parameters(lang=lang, limit=page_size, cursor=cursor)
            body = yield from self._retries.send(
                Request("GET", f"{service_path(service)}/products", True, params), read_placket
            )
            yield Page(body["items"])
            cursor = body["nextCursor"]
            if cursor is None:
                return


def _product_path(service: str, product_id: str) -> str:
    return f"{service_path(service)}/products/{segment(product_id)}"


def _listed(tags: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    return {attribute: several(labels, attribute) for attribute, labels in tags.items()}
