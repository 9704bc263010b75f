"""The bundle in use, for people."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from starlette.responses import Response

from placket.console.guard import Page
from placket.console.visit import Visit
from placket.domain.errors import VisionUnavailable

_MOST_FIGURES = 200


async def show(visit: Visit) -> Response:
    try:
        card = visit.parts.model()
    except VisionUnavailable as error:
        return visit.render("model.html", 503, card=None, problem=error.detail)
    return visit.render(
        "model.html",
        card=card,
        problem="",
        created=card.created.partition("T")[0],
        metrics=[(name, list(flat(value))[:_MOST_FIGURES]) for name, value in card.metrics.items()],
        training=list(flat(card.training))[:_MOST_FIGURES],
        detector=list(flat(card.detector)),
        encoder=list(flat(card.encoder)),
        curve=_points(card.curve),
        problems=await visit.parts.problems(),
    )


def flat(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """A figure's path and its text, for everything inside."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from flat(inner, f"{name} › {key}" if name else str(key))
    elif isinstance(value, list | tuple) and any(isinstance(v, Mapping | list | tuple) for v in value):
        for number, inner in enumerate(value, 1):
            yield from flat(inner, f"{name} {number}")
    elif isinstance(value, list | tuple):
        yield name, ", ".join(map(str, value))
    elif isinstance(value, float):
        yield name, f"{value:.4g}"
    else:
        yield name, "–" if value is None else str(value)


def _points(curve: Sequence[tuple[float, float]]) -> str:
    """The curve for a polyline in a square of 200: cosines -1..1 to the right, similarities 0..1 upwards."""
    ends = [(-1.0, curve[0][1]), *curve, (1.0, curve[-1][1])]
    return " ".join(f"{100 * (x + 1):.1f},{200 * (1 - y):.1f}" for x, y in ends)


GET: dict[str, Page] = {"/model": show}
