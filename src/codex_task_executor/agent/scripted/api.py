"""The API's paths: what is asked, checked, answered and remembered."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable
from typing import Any

from codex_task_executor.agent.scripted.holds import Holds
from codex_task_executor.agent.scripted.http11 import Connection, HttpRequest
from codex_task_executor.agent.scripted.performance import (
    Cut,
    Hold,
    Idle,
    Performance,
    Send,
    Stream,
)
from codex_task_executor.agent.scripted.playing import Player
from codex_task_executor.agent.scripted.refusals import MESSAGES, Refusal
from codex_task_executor.agent.scripted.scenario import DEFAULT_MODELS, ListedModel, Scenario
from codex_task_executor.agent.scripted.validation import Rules, check_request


class Api:
    """Answers requests; ``requests`` and ``failures`` only ever grow."""

    def __init__(self, scenario: Scenario, rules: Rules, holds: Holds) -> None:
        self.scenario = scenario
        self.rules = rules
        self.holds = holds
        self.player = Player(scenario, rules.compatible)
        self.requests: list[dict[str, Any]] = []
        self.failures: list[str] = []

    async def handle(self, request: HttpRequest, connection: Connection) -> bool:
        """Answer one request; return whether the connection can take another."""
        try:
            _authorize(request)
            if request.method == "GET" and request.path.startswith("/v1/models"):
                await connection.send_json(200, self._models(request.path))
                return True
            if (request.method, request.path) != ("POST", "/v1/responses"):
                raise Refusal(f"Invalid URL ({request.method} {request.path})", status=404)
            performance = self._performance(request)
        except Refusal as refusal:
            self._remember(request, refusal)
            await connection.send_json(refusal.status, refusal.body, refusal.headers)
            return True
        return await self._perform(performance, connection)

    def _performance(self, request: HttpRequest) -> Performance:
        body = _json_object(request.body)
        self.requests.append(body)
        check_request(body, self.rules, self.scenario.raw_types)
        self._check_model(str(body["model"]))
        return self.player.answer(body)

    def _remember(self, request: HttpRequest, refusal: Refusal) -> None:
        if not refusal.scripted:
            number = f" {len(self.requests)}" if request.method == "POST" else ""
            self.failures.append(f"{request.method} {request.path}{number}: {refusal}")

    def _check_model(self, name: str) -> None:
        if self.scenario.models and name not in {model.id for model in self.scenario.models}:
            raise _no_model(name)

    def _models(self, path: str) -> dict[str, Any]:
        listed = self.scenario.models or DEFAULT_MODELS
        if path == "/v1/models":
            return {"object": "list", "data": [_model(model) for model in listed]}
        name = path.removeprefix("/v1/models/")
        for model in listed:
            if model.id == name:
                return _model(model)
        raise _no_model(name)

    async def _perform(self, performance: Performance, connection: Connection) -> bool:
        if performance.fault is not None and performance.fault.kind == "disconnect":
            return False
        stream, streams = Stream(performance), bool(performance.request.get("stream"))
        if streams:
            await connection.begin_stream({"x-request-id": performance.naming.make("req")})
        for step in stream.steps():
            if isinstance(step, Send):
                if streams:
                    await connection.send_chunk(step.data, 1 if step.drip else None)
            elif not await self._waited(step, connection):
                return False
        if streams:
            await connection.end_stream()
        else:
            await connection.send_json(200, stream.response)
        return True

    async def _waited(self, step: Hold | Idle | Cut, connection: Connection) -> bool:
        """Wait as a step says; return whether the answer goes on after it."""
        match step:
            case Hold(name):
                return not await _gone_before(self.holds.passed(name), connection)
            case Idle():
                await connection.gone()
        return False


async def _gone_before(event: Awaitable[None], connection: Connection) -> bool:
    """Wait for ``event``; return whether the client went away instead."""
    waiting = asyncio.ensure_future(event)
    gone = asyncio.ensure_future(connection.gone())
    try:
        await asyncio.wait({waiting, gone}, return_when=asyncio.FIRST_COMPLETED)
        return gone.done()
    finally:
        waiting.cancel()
        gone.cancel()
        await asyncio.gather(waiting, gone, return_exceptions=True)


def _authorize(request: HttpRequest) -> None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise Refusal("Missing bearer or basic authentication in header", status=401)
    if key.strip() == "sk-invalid":
        code = "invalid_api_key"
        raise Refusal(MESSAGES[code], code=code, status=401, scripted=True)


def _json_object(data: bytes) -> dict[str, Any]:
    try:
        body = json.loads(data)
        if rb"\ud" in data.lower():
            json.dumps(body, ensure_ascii=False).encode()  # a lone surrogate is no text
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise Refusal(
            "We could not parse the JSON body of your request. (HINT: This likely means you "
            "aren't using your HTTP library correctly. The OpenAI API expects a JSON payload, "
            "but what was sent was not valid JSON.)"
        )
    return body


def _no_model(name: str) -> Refusal:
    code = "model_not_found"
    text = MESSAGES[code].replace("{model}", name)
    return Refusal(text, code=code, status=404, scripted=True)


def _model(model: ListedModel) -> dict[str, Any]:
    return {
        "id": model.id,
        "object": "model",
        "created": 1_700_000_000,
        "owned_by": "openai",
        "shutdown_date": model.shutdown_date,
    }
