from __future__ import annotations

from pathlib import Path

import pytest

from codex_task_executor.sandbox.machine import Machine, survey


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """A machine with merged /usr, a bit of /etc and a bit of /proc."""
    for folder in ("usr/bin", "usr/lib", "lib32", "etc/ssl/certs", "etc/ssl/private", "proc/1"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "bin").symlink_to("usr/bin")
    (tmp_path / "usr" / "lib" / "os-release").write_text("ID=x\n")
    (tmp_path / "etc" / "os-release").symlink_to("../usr/lib/os-release")
    for name in ("passwd", "shadow", "gitconfig", "pip.conf"):
        (tmp_path / "etc" / name).write_text(name)
    return tmp_path


def entry(host: Path, name: str, mode: int) -> None:
    path = host / "proc" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    path.chmod(mode)


def test_system_folders_are_bound_and_links_recreated(host: Path) -> None:
    machine = survey(host)
    assert machine.folders == ("/usr", "/lib32", "/etc/ssl/certs")
    assert machine.links == (("usr/bin", "/bin"), ("../usr/lib/os-release", "/etc/os-release"))


def test_nothing_with_a_password_is_taken_from_etc(host: Path) -> None:
    assert survey(host).files == (("/etc/passwd", b"passwd"),)


def test_a_large_file_is_bound_in_place_of_copied(host: Path) -> None:
    (host / "etc" / "ld.so.cache").write_bytes(bytes(300_000))
    assert "/etc/ld.so.cache" in survey(host).folders


def test_what_somebody_may_write_of_the_kernel_becomes_read_only(host: Path) -> None:
    entry(host, "sys/kernel/core_pattern", 0o644)
    entry(host, "sysrq-trigger", 0o200)
    entry(host, "cpuinfo", 0o444)
    entry(host, "tty/drivers", 0o444)
    entry(host, "1/oom_score_adj", 0o644)
    (host / "proc" / "self").symlink_to("1")
    machine = survey(host)
    assert machine.proc == ("/proc/sys", "/proc/sysrq-trigger", "/proc/tty")
    assert machine.writable == ("/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger")


def test_a_machine_without_proc_has_no_entries(tmp_path: Path) -> None:
    assert survey(tmp_path) == Machine(folders=("/usr",))
