"""The bundle in use, for people."""

from collections.abc import Sequence
from itertools import islice

from starlette.responses import Response

from placket.console.errors import told
from placket.console.figures import sources, tables, terms, text_of
from placket.console.guard import Page
from placket.console.visit import Visit
from placket.domain.errors import VisionUnavailable

_MOST_TABLES = 60


async def show(visit: Visit) -> Response:
    try:
        card = visit.parts.model()
    except VisionUnavailable as error:
        return visit.render("model.html", 503, card=None, **told(error))
    told_apart = {name: value for name, value in card.training.items() if name != "terms"}
    return visit.render(
        "model.html",
        card=card,
        created=card.created.partition("T")[0],
        terms=terms(card.training),
        sources=sources(card.training),
        metrics=[(name, list(islice(tables({name: value}), _MOST_TABLES))) for name, value in card.metrics.items()],
        training=list(islice(tables(told_apart), _MOST_TABLES)),
        detector=[(name, text_of(value)) for name, value in card.detector.items()],
        encoder=[(name, text_of(value)) for name, value in card.encoder.items()],
        curve=_points(card.curve),
        points=[tuple(map(text_of, point)) for point in card.curve],
        problems=await visit.parts.problems(),
    )


def _points(curve: Sequence[tuple[float, float]]) -> str:
    """The curve for a polyline in a square of 200: cosines -1..1 to the right, similarities 0..1 upwards."""
    ends = [(-1.0, curve[0][1]), *curve, (1.0, curve[-1][1])]
    return " ".join(f"{100 * (x + 1):.1f},{200 * (1 - y):.1f}" for x, y in ends)


GET: dict[str, Page] = {"/model": show}
