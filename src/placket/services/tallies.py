"""What a process counts, and the words that it counts by."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from placket.domain import errors, reasons
from placket.domain.errors import FetchError
from placket.domain.runs import Outcome, RunKind
from placket.services.tally import Labelled, Tally, Words

OK = "ok"
UNCHANGED = "unchanged"
"""A photo that did not come again: its host has no other version."""
REQUEST, JOB = "request", "job"
"""Whom a photo is fetched for: a caller who waits, or a run or task."""
DONE, WAITS, FAILED = "done", "waits", "failed"
"""How a worker lets go of a job: nothing was in the way; it comes back, for want of something; it comes back, after an
unforeseen error."""
HEARD, REPEATED, GIVEN_UP = "heard", "repeated", "given_up"
"""What became of a webhook's call: it was taken; it will be made again; it was the last one."""

_FETCHING = (errors.FetchFailed, errors.FetchTimeout, errors.FetchTooLarge, errors.UrlRefused)
_SEEING = (
    errors.ImageFormatUnsupported,
    errors.ImageTooManyBytes,
    errors.ImageTooManyPixels,
    errors.ImageTooSmall,
    errors.ImageAspectRatio,
    errors.VisionCrashed,
)


def outcome_of(error: FetchError) -> str:
    """The class of the HTTP status that came instead of a photo, else the error's reason."""
    status = error.status if isinstance(error, errors.FetchFailed) else None
    return error.reason if status is None else f"Http{status // 100}xx"


def _fetches() -> Tally:
    outcomes = (OK, UNCHANGED, "Http4xx", "Http5xx", *(kind.reason for kind in _FETCHING))
    return Tally(("use", "outcome"), [(use, outcome) for use in (REQUEST, JOB) for outcome in outcomes])


def _rows() -> Tally:
    succeeded: list[Words] = [(RunKind.INDEX, o, "") for o in (Outcome.ADDED, Outcome.UPDATED, Outcome.DELETED)]
    failed = [(kind, Outcome.FAILED, r) for kind in (RunKind.INDEX, RunKind.REINDEX) for r in reasons.OF_ROWS]
    return Tally(("kind", "outcome", "reason"), [*succeeded, (RunKind.REINDEX, Outcome.UPDATED, ""), *failed])


def _images() -> Tally:
    return Tally(("outcome", "reason"), [(OK, ""), *((FAILED, kind.reason) for kind in (*_FETCHING, *_SEEING))])


@dataclass(frozen=True, slots=True)
class Tallies:
    """``rows`` of index runs and ``images`` of tagging tasks are those that this process' worker ended; ``jobs`` those
    that it let go of."""

    fetches: Tally = field(default_factory=_fetches)
    rows: Tally = field(default_factory=_rows)
    images: Tally = field(default_factory=_images)
    jobs: Tally = field(default_factory=lambda: Tally(("outcome",), [(DONE,), (WAITS,), (FAILED,)]))
    webhooks: Tally = field(default_factory=lambda: Tally(("outcome",), [(HEARD,), (REPEATED,), (GIVEN_UP,)]))

    def figures(self) -> Mapping[str, Labelled]:
        """By the names that /metrics has for them."""
        return {
            "fetches_total": self.fetches.figure(),
            "rows_total": self.rows.figure(),
            "tagged_images_total": self.images.figure(),
            "jobs_total": self.jobs.figure(),
            "webhook_calls_total": self.webhooks.figure(),
        }
