"""The model behind OpenAI's Responses API. The only module that imports openai.

Import it late, in a thread: it takes half a second (``connect`` does).

Requests go through the client's ``post`` and events come back as plain JSON, which the SDK
documents for endpoints that it does not wrap. ``responses.create`` walks the whole input by
its types before it sends it (0.6 s for the 1,200 items of a 300-iteration conversation,
measured with 3.54.0) and builds a pydantic object for each event (45 us each), as which an
item that this SDK does not know comes back changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, suppress
from typing import Any

import httpx2
from openai import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    AsyncOpenAI,
    AsyncStream,
    DefaultAsyncHttpxClient,
    OpenAIError,
)

from codex_task_executor.agent.endpoint import Endpoint
from codex_task_executor.agent.model import ModelInfo, OnItem, OnNotice, Request, Turn
from codex_task_executor.agent.names import OPENAI_BASE_URL
from codex_task_executor.agent.profiles import body
from codex_task_executor.agent.retry import (
    Failed,
    of_code,
    of_status,
    retrying,
    unreachable,
)
from codex_task_executor.agent.stream import ResponseReader

KEEP_ALIVE_SECONDS = 240.0
"""How long an idle connection is kept: commands between two requests take minutes."""

DRAIN_SECONDS = 1.0
"""How long the rest of a finished stream may take; a connection is reused only when drained."""


class OpenAIModel:
    """One connection pool for all tasks of a process."""

    def __init__(self, endpoint: Endpoint) -> None:
        timeout = httpx2.Timeout(endpoint.idle_seconds, connect=endpoint.connect_seconds)
        limits = httpx2.Limits(max_keepalive_connections=100, keepalive_expiry=KEEP_ALIVE_SECONDS)
        self._retry = endpoint.retry
        self._client = AsyncOpenAI(
            api_key=endpoint.api_key,
            base_url=endpoint.base_url or OPENAI_BASE_URL,
            max_retries=0,
            http_client=DefaultAsyncHttpxClient(timeout=timeout, limits=limits),
        )

    async def respond(self, request: Request, on_item: OnItem, on_notice: OnNotice) -> Turn:
        """See ``Model.respond``."""
        fields = body(request)
        try:
            return await retrying(self._retry, on_notice)(self._attempt, fields, on_item)
        except Failed as failed:
            raise failed.error from failed

    async def models(self) -> list[ModelInfo]:
        """See ``Model.models``."""
        try:
            return await retrying(self._retry, lambda _: None)(self._list)
        except Failed as failed:
            raise failed.error from failed

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()

    async def _attempt(self, fields: Mapping[str, Any], on_item: OnItem) -> Turn:
        reader = ResponseReader(on_item)
        try:
            await self._read(fields, reader)
        except Failed:
            if not reader.items:
                raise
        return reader.turn()

    async def _read(self, fields: Mapping[str, Any], reader: ResponseReader) -> None:
        async with aclosing(self._events(fields)) as events:
            async for event in events:
                if reader.feed(event):
                    await _drain(events)
                    return
        raise unreachable("an answer without an end", "the stream ended without a terminal event")

    async def _events(self, fields: Mapping[str, Any]) -> AsyncGenerator[Mapping[str, Any], None]:
        try:
            stream = await self._client.post(
                "/responses",
                body=fields,
                cast_to=object,
                stream=True,
                stream_cls=AsyncStream[object],
            )
            async with stream:
                async for event in stream:
                    if isinstance(event, dict):
                        yield event
        except (OpenAIError, ValueError) as error:  # ValueError: an event that is not JSON
            raise _failed(error) from error

    async def _list(self) -> list[ModelInfo]:
        try:
            return [
                ModelInfo(model.id, model.shutdown_date)
                async for model in self._client.models.list()
            ]
        except (OpenAIError, ValueError) as error:
            raise _failed(error) from error


async def _drain(events: AsyncIterator[object]) -> None:
    with suppress(Failed, TimeoutError):
        async with asyncio.timeout(DRAIN_SECONDS):
            async for _ in events:
                pass


def _failed(error: Exception) -> Failed:
    match error:
        case APIStatusError():
            return of_status(error.status_code, error.code, _message(error), error.response.headers)
        case APITimeoutError():
            return unreachable("no answer from the API", "the API did not answer in time")
        case APIConnectionError():
            cause = error.__cause__ or error
            return unreachable("no connection to the API", f"{type(cause).__name__}: {cause}")
        case APIError():
            return of_code(error.code, _message(error))
        case _:
            return unreachable("an unreadable answer", str(error))


def _message(error: APIError) -> str:
    """The API's own words, without the SDK's "Error code: 400 - {...}" around them."""
    said = error.body.get("message") if isinstance(error.body, dict) else None
    return str(said or error.message)
