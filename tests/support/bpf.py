"""A machine for seccomp filters: classic BPF over ``struct seccomp_data`` (seccomp(2))."""

from __future__ import annotations

import struct

ALLOW, ERRNO, KILL = 0x7FFF_0000, 0x0005_0000, 0x0000_0000
X86_64, I386, AARCH64, ARM = 0xC000_003E, 0x4000_0003, 0xC000_00B7, 0x4000_0028

_LOAD, _AND, _RETURN = 0x20, 0x54, 0x06
_JUMP, _JUMP_EQUAL, _JUMP_GREATER, _JUMP_AT_LEAST = 0x05, 0x15, 0x25, 0x35


def verdict(program: bytes, architecture: int, call: int, *arguments: int) -> int:
    """What the kernel would do with a call: ALLOW, KILL, or ERRNO plus the error number."""
    padded = (*arguments, *(0,) * (6 - len(arguments)))
    data = struct.pack("<IIQ6Q", call, architecture, 0, *padded)
    instructions: list[tuple[int, int, int, int]] = list(struct.iter_unpack("<HBBI", program))
    accumulator, at = 0, 0
    while True:
        code, if_true, if_false, k = instructions[at]
        at += 1
        if code == _LOAD:
            (accumulator,) = struct.unpack_from("<I", data, k)
        elif code == _AND:
            accumulator &= k
        elif code == _RETURN:
            return k
        elif code == _JUMP:
            at += k
        else:
            at += if_true if _holds(code, accumulator, k) else if_false


def _holds(code: int, accumulator: int, k: int) -> bool:
    if code == _JUMP_EQUAL:
        return accumulator == k
    if code == _JUMP_GREATER:
        return accumulator > k
    assert code == _JUMP_AT_LEAST, hex(code)
    return accumulator >= k
