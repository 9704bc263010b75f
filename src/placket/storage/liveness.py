"""Connections of the pool that need not be asked whether they are well, which is a journey to the server each time.

One that was in use a moment ago, and from which nothing has come since, is as well as it was: a server that ends, or
ends a session, says so or hangs up, and what it said waits here to be read. A machine that is gone says nothing; then
the statement is what waits, as the question would have.
"""

import select
import time
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy.event
from sqlalchemy import Engine

_MOMENT = 5.0
"""Seconds. The system asks a silent machine whether it is there after 10."""


def trust_what_was_in_use(engine: Engine, clock: Callable[[], float] = time.monotonic) -> None:
    """``engine`` pings connections before they are used: no longer those that were in use within the last seconds."""
    used: WeakKeyDictionary[object, float] = WeakKeyDictionary()
    ask = engine.dialect.do_ping

    def is_well(connection: Any) -> bool:
        driver = connection.driver_connection
        fresh = clock() - used.get(driver, -_MOMENT) < _MOMENT
        return (fresh and _is_silent(driver)) or ask(connection)

    def put_back(connection: Any, _record: object) -> None:
        if connection is not None:
            used[connection.driver_connection] = clock()

    engine.dialect.do_ping = is_well  # type: ignore[assignment, method-assign]
    sqlalchemy.event.listen(engine, "checkin", put_back)


def _is_silent(driver: Any) -> bool:
    """Open, with nothing to be read: no word that it ends, nor its end."""
    if driver.closed:
        return False
    waiting = select.poll()
    waiting.register(driver.fileno(), select.POLLIN)
    return not waiting.poll(0)
