"""Figures for Prometheus. Labels are route templates and codes: few, and without a key."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import Scope

from placket import __version__
from placket.api.access import route_of
from placket.api.faces import face_of
from placket.api.figures import HELP
from placket.api.searched import Searched
from placket.services.tally import Labelled
from placket.services.traffic import Traffic

_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.2, 0.5, 1.0, 2.0, 4.0, 10.0, 30.0)
_TENTHS = tuple(n / 10 for n in range(1, 11))
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})


class Metrics:
    """A registry of its own: two applications in one process do not meet."""

    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()
        labels = ("method", "route")
        self._requests = Counter(
            "placket_http_requests",
            "Answered requests. code: AI Fashion's resultCode, or the code of an error.",
            (*labels, "status", "code"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "placket_http_request_seconds",
            "Time from a request's headers to the end of its answer.",
            labels,
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._in_flight = Gauge(
            "placket_http_requests_in_flight", "Requests being answered now.", registry=self._registry
        )
        self._searches = Counter(
            "placket_searches",
            "Searches by product, photo or link. outcome: found; below_threshold where the nearest product is less "
            "similar than was asked for; nothing_passes where no product passes the filters.",
            ("by", "outcome"),
            registry=self._registry,
        )
        self._best = Histogram(
            "placket_search_best_similarity",
            "Similarity of the nearest product that passes the filters, shown or not.",
            ("by",),
            buckets=_TENTHS,
            registry=self._registry,
        )
        Info("placket_build", "Which Placket it is.", registry=self._registry).info({"version": __version__})
        ProcessCollector(registry=self._registry)

    @contextmanager
    def in_flight(self) -> Iterator[None]:
        with self._in_flight.track_inprogress():
            yield

    def observe(self, scope: Scope, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "other"
        route = route_of(scope)
        code = scope.get("state", {}).get("code")
        self._requests.labels(method, route, str(status), "" if code is None else str(code)).inc()
        self._seconds.labels(method, route).observe(seconds)
        searched: Searched | None = scope.get("state", {}).get("searched")
        if searched:
            self._observe_search(searched)
        face = face_of(scope)
        if face.router is not None:
            # Pages and health checks say nothing about the APIs, and a page's stream of events lasts for minutes.
            self._traffic.record(seconds, failed=status >= 400 or code not in (None, 0))

    def _observe_search(self, searched: Searched) -> None:
        self._searches.labels(searched.by, searched.outcome).inc()
        if searched.found.best is not None:
            self._best.labels(searched.by).observe(searched.found.best)

    def render(self, figures: Mapping[str, Labelled]) -> bytes:
        """The text format, this process's figures first, then those of its parts."""
        others = CollectorRegistry()
        others.register(_Others(figures))
        return generate_latest(self._registry) + generate_latest(others)


class _Others(Collector):
    def __init__(self, figures: Mapping[str, Labelled]) -> None:
        self._figures = figures

    def collect(self) -> Iterable[Metric]:
        for name, figure in sorted(self._figures.items()):
            kind = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
            family = kind(f"placket_{name}", HELP.get(name, ""), labels=figure.labels)
            for words, value in sorted(figure.values.items()):
                family.add_metric(words, value)
            yield family
