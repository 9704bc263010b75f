"""`placket serve` and `placket worker`: the long-running processes."""

import asyncio
import errno
import gc
import math
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Annotated, Any

import structlog
import typer

from placket.cli.output import fail, run_safely
from placket.cli.settings import misspelt, read_settings
from placket.logs import configure_logging
from placket.settings import Settings

_log = structlog.get_logger()
_BACKLOG = 2048
_KEEP_ALIVE_SECONDS = 75
"""Longer than nginx and the balancers of clouds keep an idle connection, 60 seconds as a rule: where the server closes
it first, now and then a request meets a connection that is just being closed, and a POST is not sent again."""
_ACCEPTED_AT_ONCE = 64
"""asyncio tries so often in a row to take a connection, in vain too when no file descriptor is left."""
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_QUIET_SECONDS = 10.0


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on (PLACKET_HOST).")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port to listen on, 0 for a free one (PLACKET_PORT).")
    ] = None,
    worker: Annotated[bool, typer.Option("--worker/--no-worker", help="Run a worker beside the API.")] = True,
) -> None:
    """Serve both HTTP APIs; with a worker beside them unless told otherwise."""
    with run_safely():
        settings = _read(host=host, port=port)
        asyncio.run(_serve(settings, with_worker=worker))


def worker(
    port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            help="Port for /healthz, /readyz and /metrics; by itself it has none (PLACKET_WORKER_PORT).",
        ),
    ] = None,
) -> None:
    """Work on index runs and tagging tasks, without serving the API."""
    with run_safely():
        settings = _read(worker_port=port)
        asyncio.run(_work(settings))


def _read(**given: Any) -> Settings:
    """The settings, with logging set up as they say. Raises as `read_settings`."""
    settings = read_settings(**given)
    configure_logging(settings.log_level, settings.log_format)
    for name, remedy in misspelt():
        # Where it was to name a database, another one is used in its stead.
        _log.warning("a variable is set that is no setting", variable=name, remedy=remedy)
    return settings


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Accepted connections inherit it. Without it a kept-alive client waits 40 ms for every answer: its head and its
    # body are two writes, and the second would wait for the first one's delayed acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        remedy = "; --port takes another one" if error.errno == errno.EADDRINUSE else ""
        raise fail(f"cannot listen on {host} port {port}: {error.strerror or error}{remedy}") from None
    return listener


def _on_signal(action: Callable[[], None]) -> None:
    """From now on, while all is closed too: a second signal would leave the embedded PostgreSQL running."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, action)


async def _serve(settings: Settings, *, with_worker: bool) -> None:
    from placket.bootstrap import open_application

    # Bound before anything is started, so that a second server on the same address costs nothing.
    with _listen(settings.host, settings.port) as listener:
        async with open_application(settings) as application:
            stop, stop_work = asyncio.Event(), asyncio.Event()
            app = application.api()
            server = _uvicorn(app, settings)

            def end() -> None:
                stop.set()
                server.should_exit = True

            def leave() -> None:
                """A second signal ends it at once."""
                stop_work.set()
                if app.state.leaving or not settings.drain_seconds:
                    end()
                else:
                    app.state.leaving = True
                    _log.info("about to stop", seconds=settings.drain_seconds)
                    asyncio.get_running_loop().call_later(settings.drain_seconds, end)

            _leave_uncollected()
            _on_signal(leave)
            _say_once_in_a_while()
            plain = settings.log_format != "json"
            await _announce(listener, await application.storage.admin_token.value(), plain=plain)
            async with asyncio.TaskGroup() as group:
                if with_worker:
                    group.create_task(application.worker().run(stop_work, settings.shutdown_seconds))
                group.create_task(application.keep_database(stop))
                group.create_task(application.warm_up())
                try:
                    await server.serve(sockets=[listener])
                finally:
                    stop_work.set()
                    stop.set()


async def _work(settings: Settings) -> None:
    from placket.bootstrap import open_application

    with ExitStack() as opened:
        listener = None
        if settings.worker_port is not None:
            listener = opened.enter_context(_listen(settings.host, settings.worker_port))
        async with open_application(settings) as application:
            stop = asyncio.Event()
            _leave_uncollected()
            _on_signal(stop.set)
            worker = application.worker()
            address = _address(listener) if listener else None
            _log.info("worker started", worker=worker.name, **({"address": address} if address else {}))
            async with asyncio.TaskGroup() as group:
                group.create_task(application.keep_database(stop))
                group.create_task(application.warm_up())
                work = group.create_task(worker.run(stop, settings.shutdown_seconds))
                if listener:
                    group.create_task(_tell(application.operation(), settings, listener, work))


async def _tell(app: object, settings: Settings, listener: socket.socket, work: asyncio.Task[None]) -> None:
    """Answer how the process is until its work has ended."""
    server = _uvicorn(app, settings)
    work.add_done_callback(lambda _: setattr(server, "should_exit", True))
    _say_once_in_a_while()
    await server.serve(sockets=[listener])


def _say_once_in_a_while() -> None:
    """asyncio says that it can take no connection thousands of times a second, each with a traceback."""
    told = -math.inf

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        nonlocal told
        error = context.get("exception")
        if not (isinstance(error, OSError) and error.errno in _EXHAUSTED and "socket" in context):
            loop.default_exception_handler(context)
        elif loop.time() - told > _QUIET_SECONDS:
            told = loop.time()
            _log.error("no more connections can be taken", error=error.strerror)

    asyncio.get_running_loop().set_exception_handler(handle)


def _leave_uncollected() -> None:
    """Take what is there now, and stays while the process lives, out of the garbage collector's sight.

    Else each full collection walks through the code and schemas of all libraries, and every request waits for it.
    """
    gc.collect()
    gc.freeze()


def _uvicorn(app: object, settings: Settings):  # type: ignore[no-untyped-def]
    import uvicorn

    from placket.api.http_protocol import BoundedHttpProtocol

    class Server(uvicorn.Server):
        """Leaves signals alone: its own handling raises them again before anything else could be closed."""

        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            # asyncio lets no more wait than it takes at once.
            for listener in sockets or ():
                listener.listen(_BACKLOG)

    config = uvicorn.Config(
        app,  # type: ignore[arg-type]
        http=BoundedHttpProtocol,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=max(1, round(settings.shutdown_seconds)),
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        backlog=_ACCEPTED_AT_ONCE,
    )
    return Server(config)


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


async def _announce(listener: socket.socket, token: tuple[str, bool], *, plain: bool) -> None:
    """``plain``: in words on standard output too, which whoever reads JSON from a journal cannot read."""
    address = _address(listener)
    _log.info("serving", address=address)
    if not plain:
        if token[1]:
            _log.info("the admin token was made just now", shown_by="placket keys admin-token")
        return
    typer.echo(f"Placket serves on {address}  (API documentation: {address}/docs)")
    if token[1]:
        # What is no terminal is somebody's log, which others read and which is kept.
        shown = f": {token[0]}  (shown again" if sys.stdout.isatty() else "  (shown"
        typer.echo(f"Admin token, made just now{shown} by `placket keys admin-token`)")
