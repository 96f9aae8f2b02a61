"""The system call filter for sandboxed commands: shipped compiled, one file a machine type."""

from __future__ import annotations

from importlib import resources

MACHINES = {"x86_64": "x86_64.bpf", "aarch64": "aarch64.bpf"}
"""``os.uname().machine`` -> file of classic BPF instructions, made by ``generate``."""


def filter_for(machine: str) -> bytes | None:
    """The compiled filter for a machine type, None where none is shipped."""
    name = MACHINES.get(machine)
    return None if name is None else resources.files(__package__).joinpath(name).read_bytes()
