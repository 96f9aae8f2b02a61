"""The scripted model as a server: an event loop in a thread of its own, on loopback only."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from codex_task_executor.agent.scripted.api import Api
from codex_task_executor.agent.scripted.holds import Holds
from codex_task_executor.agent.scripted.http11 import MAX_HEADER, BadRequest, Connection
from codex_task_executor.agent.scripted.scenario import Scenario
from codex_task_executor.agent.scripted.validation import Rules


class ScriptedServer:
    """Serves a scenario at ``base_url`` while the context is entered.

    ``requests`` are the bodies received, ``failures`` everything that a client did wrong,
    ``connections`` the number of TCP connections accepted, ``holds`` where streams wait.
    """

    def __init__(
        self,
        scenario: Scenario,
        compatible: bool = False,
        *,
        holds: Path | None = None,
        rules: Rules | None = None,
        port: int = 0,
    ) -> None:
        self.holds = Holds(holds)
        self._api = Api(scenario, rules or Rules(compatible=compatible), self.holds)
        self.connections = 0
        self.port = port
        self._stop = asyncio.Event()
        self._clients: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def base_url(self) -> str:
        """What OPENAI_BASE_URL is set to."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def requests(self) -> list[dict[str, Any]]:
        """The bodies of the requests for responses, in the order of their arrival."""
        return self._api.requests

    @property
    def failures(self) -> list[str]:
        """One line for each request that OpenAI or the scenario would not have."""
        return self._api.failures

    def unfinished(self) -> list[str]:
        """One line for each turn of the scenario that was not played."""
        return self._api.player.unfinished()

    def __enter__(self) -> Self:
        started: Future[int] = Future()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(started)), name="scripted-model", daemon=True
        )
        self._thread.start()
        self.port = started.result()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Close every connection at once and wait for the thread to end."""
        if self._loop is not None and self._thread is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()

    async def _serve(self, started: Future[int]) -> None:
        self._loop = asyncio.get_running_loop()
        try:
            server = await asyncio.start_server(
                self._client, "127.0.0.1", self.port, limit=MAX_HEADER
            )
        except OSError as error:
            started.set_exception(error)
            return
        started.set_result(server.sockets[0].getsockname()[1])
        await self._stop.wait()
        server.close()
        clients = tuple(self._clients)
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from accept to close."""
        self.connections += 1
        task = asyncio.current_task()
        if task is not None:
            self._clients.add(task)
            task.add_done_callback(self._clients.discard)
        connection = Connection(reader, writer)
        try:
            await self._conversation(connection)
        except asyncio.CancelledError:
            writer.transport.abort()
        except OSError:
            return  # the client went away: what it did not get, it asks for again
        finally:
            await connection.close()

    async def _conversation(self, connection: Connection) -> None:
        """Requests and answers until one side closes. A defect of ours is a failure too."""
        try:
            while request := await connection.request():
                if not await self._api.handle(request, connection):
                    return
                if request.headers.get("connection", "").lower() == "close":
                    return
        except (BadRequest, asyncio.IncompleteReadError) as error:
            self.failures.append(f"not HTTP as expected: {error}")
        except OSError:
            raise
        except Exception as error:
            self.failures.append(f"defect of the scripted model: {error!r}")
            raise
