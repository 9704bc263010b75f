"""What a pool of vision processes has done, for metrics."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VisionStatistics:
    """``queued_*`` and ``in_hand`` are now; the others count from the start.

    ``restarts``: processes that died or were ended for hanging; ``refused``: photos that had an ImageError;
    ``crashed``: photos given up because their process died twice.
    """

    queued_interactive: int
    queued_batch: int
    in_hand: int
    processes: int
    done: int
    refused: int
    crashed: int
    restarts: int
    failed_starts: int
