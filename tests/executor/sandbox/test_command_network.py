"""What a command may not reach: the network, and sockets of the host."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.sandboxes import Box

pytestmark = pytest.mark.bubblewrap


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box.create(tmp_path)


CONNECT = """
import socket, sys
for family, address in {addresses}:
    try:
        with socket.socket(family, socket.SOCK_STREAM) as client:
            client.settimeout(5)
            client.connect(address)
            print("connected", address)
    except OSError as error:
        print(type(error).__name__)
"""


@contextmanager
def listening(family: socket.AddressFamily, address: object) -> Iterator[object]:
    with socket.socket(family, socket.SOCK_STREAM) as server:
        server.bind(address)  # type: ignore[arg-type]
        server.listen()
        yield server.getsockname()


async def reaches(box: Box, family: socket.AddressFamily, address: object) -> str:
    return await box.python(CONNECT.format(addresses=[(int(family), address)]))


async def test_the_loopback_of_the_host_is_not_reached(box: Box) -> None:
    with listening(socket.AF_INET, ("127.0.0.1", 0)) as address:
        assert await reaches(box, socket.AF_INET, address) == "ConnectionRefusedError"


async def test_no_network_is_reached(box: Box) -> None:
    assert await reaches(box, socket.AF_INET, ("192.0.2.1", 80)) == "OSError"  # unreachable


@pytest.mark.skipif(sys.platform != "linux", reason="abstract sockets are Linux's")
async def test_abstract_sockets_of_the_host_are_not_reached(box: Box) -> None:
    name = b"\0codex-task-" + os.urandom(8).hex().encode()
    with listening(socket.AF_UNIX, name) as address:
        assert await reaches(box, socket.AF_UNIX, address) == "ConnectionRefusedError"


async def test_sockets_beside_the_worktree_are_not_reached(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(box.above)  # a socket's path is at most 107 bytes
    with listening(socket.AF_UNIX, "docker.sock"):
        address = f"{box.above}/docker.sock"[-100:]
        assert await reaches(box, socket.AF_UNIX, address) == "FileNotFoundError"


@pytest.mark.parametrize("family", [17, 38, 40, 31])  # packet, alg, vsock, bluetooth
async def test_other_families_do_not_open(box: Box, family: int) -> None:
    said = await box.python(f"import socket; socket.socket({family}, socket.SOCK_STREAM)")
    assert "PermissionError" in said


async def test_programs_inside_can_talk_to_each_other(box: Box) -> None:
    said = await box.python(
        "import socket\n"
        "with socket.create_server(('127.0.0.1', 0)) as server:\n"
        "    socket.create_connection(server.getsockname()).close()\n"
        "print('talked', [socket.socketpair() and 1])"
    )
    assert said == "talked [1]"
