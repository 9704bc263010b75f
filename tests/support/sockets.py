"""An ASGI application behind the server's own HTTP protocol, on a real socket."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn

from placket.api.http_protocol import BoundedHttpProtocol


@asynccontextmanager
async def listening(application: Any, **options: Any) -> AsyncIterator[int]:
    """The port; ``options`` of uvicorn's configuration."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            application, http=BoundedHttpProtocol, ws="none", lifespan="off", log_config=None, **options
        )
        server = uvicorn.Server(config)
        task = asyncio.create_task(server._serve([listener]))
        while not server.started:
            await asyncio.sleep(0.01)
        yield listener.getsockname()[1]
        server.should_exit = True
        await task
