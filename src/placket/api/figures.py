"""What the figures of a process's parts mean, in the words of /metrics."""

from collections.abc import Mapping

HELP: Mapping[str, str] = {
    "database_connections": "Connections to the database that are in use, of those in this process's pool.",
    "database_connections_most": "PLACKET_DATABASE_POOL: with so many in use, calls wait for one.",
    "database_up": "1 if the database answered this scrape, else 0; then there is nothing of the queue and workers.",
    "queue_jobs": "Jobs in the database, for all workers: chunks of runs and tasks, and webhooks.",
    "queue_in_hand_jobs": "Jobs that a worker has in hand.",
    "queue_waiting_jobs": "Jobs that could be begun now, if a worker had room.",
    "queue_oldest_seconds": "How long that job of the waiting ones could have been begun that waits longest.",
    "workers": "Workers that have been heard of within PLACKET_LEASE_SECONDS, on all machines.",
    "warnings": "So many things will soon be in the way, such as a disk that is almost full; /readyz names them.",
    "search_compactions_total": "Copies of a service's vectors that were written anew without the deleted ones.",
    "search_copies": "Services' vectors held in memory.",
    "search_empty_total": "Searches whose filters nothing passed.",
    "search_evictions_total": "Copies dropped to stay within PLACKET_SEARCH_MEMORY_BYTES.",
    "search_full_total": "Searches by a scan in float32.",
    "search_gathered_total": "Searches without a scan: few rows passed the filters, or all were wanted.",
    "search_int8_total": "Searches by a scan of the codes.",
    "search_memory_bytes": "Memory that the copies take.",
    "search_refreshes_total": "Times that a copy was brought up to the database.",
    "search_scored_rows_total": "Vectors that searches computed a similarity for.",
    "vision_crashed_total": "Photos given up because their process died of them twice.",
    "vision_done_total": "Photos that were looked at, or made small.",
    "vision_failed_starts_total": "Vision processes that did not come up.",
    "vision_in_hand": "Photos that vision processes have in hand.",
    "vision_processes": "Vision processes of this process that take photos.",
    "vision_queued_batch": "Photos of runs and tasks that wait for a vision process.",
    "vision_queued_interactive": "Photos of requests that wait for a vision process.",
    "vision_refused_total": "Photos that were no usable image.",
    "vision_restarts_total": "Vision processes that died, or were ended because they hung.",
}
