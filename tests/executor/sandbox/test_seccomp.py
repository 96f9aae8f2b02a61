from __future__ import annotations

import errno

import pytest

from codex_task_executor.sandbox.seccomp import MACHINES, filter_for
from codex_task_executor.sandbox.seccomp.policy import RULES
from support.bpf import AARCH64, ALLOW, ARM, ERRNO, I386, KILL, X86_64, verdict

try:
    import pyseccomp

    from codex_task_executor.sandbox.seccomp import generate
except (ImportError, RuntimeError):  # RuntimeError: pyseccomp without libseccomp
    pytest.skip("pyseccomp or libseccomp is not installed", allow_module_level=True)

ARCHITECTURES = {"x86_64": X86_64, "aarch64": AARCH64}
NUMBERS = {"x86_64": pyseccomp.Arch.X86_64, "aarch64": pyseccomp.Arch.AARCH64}
HIGH = 1 << 32
DENIED, ABSENT = ERRNO + errno.EPERM, ERRNO + errno.ENOSYS


class Machine:
    """One shipped filter, asked by the names of calls."""

    def __init__(self, name: str) -> None:
        self.name = name
        program = filter_for(name)
        assert program is not None
        self.program = program

    def asks(self, call: str, *arguments: int) -> int:
        number = pyseccomp.resolve_syscall(NUMBERS[self.name], call)
        assert number >= 0, call
        return verdict(self.program, ARCHITECTURES[self.name], number, *arguments)


@pytest.fixture(params=sorted(MACHINES))
def machine(request: pytest.FixtureRequest) -> Machine:
    return Machine(request.param)


def test_the_shipped_bytes_are_what_the_policy_compiles_to(machine: Machine) -> None:
    if generate.library_version() != generate.MADE_WITH:
        pytest.skip(f"the files were made with libseccomp {generate.MADE_WITH}")
    assert machine.program == generate.compile_for(machine.name)


def test_every_denied_call_fails_with_its_error(machine: Machine) -> None:
    for rule in RULES:
        if rule.condition is None:
            assert machine.asks(rule.call, 0, 0) == ERRNO + rule.error, rule.call


@pytest.mark.parametrize("call", ["read", "openat", "execve", "connect", "mmap", "wait4", "kill"])
def test_ordinary_calls_are_allowed(machine: Machine, call: str) -> None:
    assert machine.asks(call, 3, 0, 0) == ALLOW


def test_threads_and_processes_start_but_no_namespaces(machine: Machine) -> None:
    thread, process = 0x3D0F00, 0x1200011
    assert machine.asks("clone", thread) == ALLOW
    assert machine.asks("clone", process) == ALLOW
    for shift in (17, 25, 26, 27, 28, 29, 30):
        assert machine.asks("clone", process | 1 << shift) == DENIED
        assert machine.asks("clone", HIGH | process | 1 << shift) == DENIED


def test_calls_whose_arguments_no_filter_sees_do_not_exist(machine: Machine) -> None:
    for call in ("clone3", "io_uring_setup", "io_uring_enter", "io_uring_register"):
        assert machine.asks(call) == ABSENT


def test_nothing_is_typed_into_a_terminal(machine: Machine) -> None:
    tcgets, tiocsti, tioclinux = 0x5401, 0x5412, 0x541C
    assert machine.asks("ioctl", 0, tcgets) == ALLOW
    for request in (tiocsti, tioclinux):
        assert machine.asks("ioctl", 0, request) == DENIED
        assert machine.asks("ioctl", 0, HIGH | request) == DENIED  # CVE-2019-10063


def test_only_four_socket_families_open(machine: Machine) -> None:
    for call in ("socket", "socketpair"):
        opened = {family for family in range(64) if machine.asks(call, family, 1) == ALLOW}
        assert opened == {1, 2, 10, 16}
        for family in range(64):
            assert machine.asks(call, HIGH | family, 1) == DENIED


def test_other_architectures_calls_kill(machine: Machine) -> None:
    getpid = 39
    for other in {X86_64, I386, AARCH64, ARM} - {ARCHITECTURES[machine.name]}:
        assert verdict(machine.program, other, getpid) == KILL


def test_x32_calls_kill() -> None:
    program = filter_for("x86_64")
    assert program is not None
    assert verdict(program, X86_64, 0x4000_0000 | 39) == KILL


def test_an_unknown_machine_has_no_filter() -> None:
    assert filter_for("riscv64") is None
