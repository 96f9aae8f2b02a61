"""As much of HTTP/1.1 (RFC 9112) as an API server on loopback needs, over asyncio streams."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

MAX_BODY = 256 * 1024 * 1024
MAX_HEADER = 64 * 1024


class BadRequest(Exception):
    """Bytes that are no request this server can read; the connection is closed."""


@dataclass(frozen=True)
class HttpRequest:
    """One request; header names in lower case, the path without its query."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Connection:
    """One client's connection: requests in, answers out, kept alive between them."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        writer.transport.set_write_buffer_limits(high=0)  # drain() then means: with the kernel

    async def request(self) -> HttpRequest | None:
        """The next request, None at the end of the connection. Raises BadRequest."""
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return None
        except asyncio.LimitOverrunError as error:
            raise BadRequest("header too long") from error
        method, path, headers = _parse_head(head.decode("latin-1"))
        return HttpRequest(method, path, headers, await self._body(headers))

    async def _body(self, headers: Mapping[str, str]) -> bytes:
        if "transfer-encoding" in headers:
            raise BadRequest("a request body needs a content-length")
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > MAX_BODY:
            raise BadRequest(f"content-length: {length}")
        if headers.get("expect", "").lower() == "100-continue":
            self.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return await self.reader.readexactly(int(length))

    async def send_json(
        self, status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> None:
        """A whole answer."""
        data = json.dumps(body).encode()
        named = {"content-type": "application/json", "content-length": str(len(data))}
        self.writer.write(_head(status, {**named, **(headers or {})}) + data)
        await self.writer.drain()

    async def begin_stream(self, headers: Mapping[str, str]) -> None:
        """The head of an event stream; chunks follow."""
        named = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store"}
        self.writer.write(_head(200, {**named, "transfer-encoding": "chunked", **headers}))
        await self.writer.drain()

    async def send_chunk(self, data: bytes, size: int | None = None) -> None:
        """``data`` in one chunk, or in chunks of ``size`` bytes, each a write of its own."""
        step = size or len(data)
        for start in range(0, len(data), step or 1):
            part = data[start : start + step]
            self.writer.write(b"%x\r\n%b\r\n" % (len(part), part))
            await self.writer.drain()

    async def end_stream(self) -> None:
        """The proper end of a chunked body; the connection stays open."""
        self.writer.write(b"0\r\n\r\n")
        await self.writer.drain()

    async def gone(self) -> None:
        """Return when the client has closed the connection (it sends nothing meanwhile)."""
        while await self.reader.read(65536):
            pass

    async def close(self) -> None:
        """Close after everything written has been sent."""
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except OSError:
            return  # the client was faster


def _parse_head(head: str) -> tuple[str, str, dict[str, str]]:
    first, *lines = head.rstrip("\r\n").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise BadRequest(f"request line: {first[:100]!r}")
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    return words[0], words[1].partition("?")[0], headers


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
