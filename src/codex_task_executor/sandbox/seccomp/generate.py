"""Compile the policy into the shipped filters: ``python -m ...sandbox.seccomp.generate``.

A development tool: it needs pyseccomp and libseccomp, which users do not. The bytes depend
on libseccomp's version; ``MADE_WITH`` names the one behind the shipped files.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import tempfile
from pathlib import Path

import pyseccomp

from codex_task_executor.sandbox.seccomp import MACHINES
from codex_task_executor.sandbox.seccomp.policy import RULES, Condition, Rule

MADE_WITH = (2, 5, 4)
"""libseccomp of Debian 12."""

_ARCHITECTURES = {"x86_64": pyseccomp.Arch.X86_64, "aarch64": pyseccomp.Arch.AARCH64}


def library_version() -> tuple[int, int, int]:
    """Version of the installed libseccomp."""

    class Version(ctypes.Structure):
        _fields_ = (("major", ctypes.c_uint), ("minor", ctypes.c_uint), ("micro", ctypes.c_uint))

    library = ctypes.CDLL(ctypes.util.find_library("seccomp"))
    library.seccomp_version.restype = ctypes.POINTER(Version)
    found = library.seccomp_version().contents
    return found.major, found.minor, found.micro


def compile_for(machine: str) -> bytes:
    """The policy as BPF instructions for one machine type of ``MACHINES``.

    Calls made under another architecture than the machine's own (i386, x32) kill the
    thread: they would reach the same kernel functions by other numbers. Raises ValueError
    for a call that the machine does not have.
    """
    architecture = _ARCHITECTURES[machine]
    built = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    if architecture != pyseccomp.system_arch():
        built.add_arch(architecture)
        built.remove_arch(pyseccomp.system_arch())
    for rule in RULES:
        if pyseccomp.resolve_syscall(architecture, rule.call) < 0:
            raise ValueError(f"{machine} has no system call {rule.call}")
        _add(built, rule)
    return _exported(built)


def _add(built: pyseccomp.SyscallFilter, rule: Rule) -> None:
    arguments = [] if rule.condition is None else [_argument(rule.condition)]
    built.add_rule(pyseccomp.ERRNO(rule.error), rule.call, *arguments)


def _argument(condition: Condition) -> pyseccomp.Arg:
    if condition.operator == "masked":
        return pyseccomp.Arg(
            condition.argument, pyseccomp.MASKED_EQ, condition.mask, condition.wanted
        )
    operator = pyseccomp.EQ if condition.operator == "equal" else pyseccomp.GE
    return pyseccomp.Arg(condition.argument, operator, condition.wanted)


def _exported(built: pyseccomp.SyscallFilter) -> bytes:
    with tempfile.TemporaryFile() as file:
        built.export_bpf(file)
        file.seek(0)
        return file.read()


def main() -> None:
    """Write every filter beside this module."""
    for machine, name in MACHINES.items():
        Path(__file__).with_name(name).write_bytes(compile_for(machine))


if __name__ == "__main__":
    main()
