"""The usual assortment of the demo: products that this project draws itself."""

from dataclasses import replace

from placket.cli.demo.goods import Assortment, first, products_of
from placket.cli.demo.home import Home
from placket.cli.output import console

SERVICE = "demo"


def drawn(home: Home, count: int) -> Assortment:
    """Draw ``count`` (5..1000) products and the photos to ask with, each also written to the demo's folder."""
    from placket.samples import camera_photo, catalogue, scene

    with console.status(f"Drawing {count} products ..."):
        samples = catalogue(count)
        products = products_of(samples)
        by_id = {p.id: s for p, s in zip(products, samples, strict=True)}
        pictures = {f"/{id}.jpg": sample.jpeg() for id, sample in by_id.items()}
        subject = first(products, "dress")
        pictures["/camera.jpg"] = camera_photo(by_id[subject.id], seed=3).jpeg(85)
        worn = [first(products, category) for category in ("sweater", "jeans")]
        outfit = scene([by_id[p.id] for p in worn], seed=5)
        pictures["/outfit.jpg"] = replace(samples[0], image=outfit.image).jpeg(85)
        home.images.mkdir(exist_ok=True)
        for name, body in pictures.items():
            (home.images / name[1:]).write_bytes(body)
    return Assortment(
        SERVICE,
        products,
        pictures,
        home.images,
        similar_to="t_shirt",
        camera=f"a phone photo of {subject.id}, {subject.name}",
        outfit=" and ".join(p.name for p in worn),
    )
