"""Which system calls a sandboxed command may not make. Everything else is allowed.

Commands are compilers, interpreters and test suites, so the list is of what reaches into
other processes, the kernel or the terminal, not of what is needed. EPERM says "not here";
ENOSYS makes the C library fall back to a call whose arguments a filter can see (clone3 keeps
its flags in memory, io_uring makes calls that no filter sees). flatpak and Docker deny the
same families.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass
from typing import Literal

LOW_WORD = 0xFFFF_FFFF
"""The kernel reads only 32 bits of an ioctl request (CVE-2019-10063 used the others)."""


@dataclass(frozen=True)
class Condition:
    """A test of one argument: ``value & mask == wanted``, ``value == wanted`` or ``>=``.

    The last two compare all 64 bits, so that bits which the kernel ignores (a socket family
    is an int) make a value large and never turn a denied one into an allowed one.
    """

    argument: int
    operator: Literal["masked", "equal", "at least"]
    wanted: int
    mask: int = LOW_WORD


@dataclass(frozen=True)
class Rule:
    """A call that fails with ``error`` (an errno number), if ``condition`` holds."""

    call: str
    error: int
    condition: Condition | None = None


_DENIED = (
    # other processes
    "ptrace process_vm_readv process_vm_writev pidfd_getfd kcmp",
    # programs in the kernel, and pages faulted in by user space (used in most exploits)
    "bpf perf_event_open userfaultfd",
    # keys of the host's user: key rings have no namespace of their own
    "keyctl add_key request_key",
    # mounts, namespaces, files by handle (open_by_handle_at walks out of a bind mount)
    "mount umount2 pivot_root move_mount open_tree fsopen fsconfig fsmount fspick",
    "mount_setattr setns unshare open_by_handle_at",
    # the running kernel
    "init_module finit_module delete_module kexec_load kexec_file_load",
)

_ABSENT = "clone3 io_uring_setup io_uring_enter io_uring_register"

_NEW_NAMESPACE = (
    0x0002_0000,  # CLONE_NEWNS
    0x0200_0000,  # CLONE_NEWCGROUP
    0x0400_0000,  # CLONE_NEWUTS
    0x0800_0000,  # CLONE_NEWIPC
    0x1000_0000,  # CLONE_NEWUSER
    0x2000_0000,  # CLONE_NEWPID
    0x4000_0000,  # CLONE_NEWNET
)

_TERMINAL_INPUT = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX: type into a terminal

_FAMILIES = (1, 2, 10, 16)
"""AF_UNIX, AF_INET, AF_INET6, AF_NETLINK (glibc asks it for addresses) may be opened."""


def _flag(flag: int) -> Condition:
    return Condition(0, "masked", flag, mask=flag)


def _families(call: str) -> list[Rule]:
    gaps = [family for family in range(max(_FAMILIES)) if family not in _FAMILIES]
    conditions = [Condition(0, "equal", family) for family in gaps]
    conditions.append(Condition(0, "at least", max(_FAMILIES) + 1))
    return [Rule(call, errno.EPERM, condition) for condition in conditions]


RULES: tuple[Rule, ...] = (
    *(Rule(call, errno.EPERM) for line in _DENIED for call in line.split()),
    *(Rule(call, errno.ENOSYS) for call in _ABSENT.split()),
    *(Rule("clone", errno.EPERM, _flag(flag)) for flag in _NEW_NAMESPACE),
    *(Rule("ioctl", errno.EPERM, Condition(1, "masked", code)) for code in _TERMINAL_INPUT),
    *_families("socket"),
    *_families("socketpair"),
)
