"""What a sandbox shows of the machine: system folders, a little of /etc, a safe /proc."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_MERGED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
"""Links into /usr on most distributions, folders of their own on the others."""

_ETC = (
    *("passwd", "group", "nsswitch.conf", "hosts", "host.conf", "protocols", "services"),
    *("ld.so.cache", "ld.so.conf", "localtime", "timezone", "os-release", "debian_version"),
    *("mime.types", "magic", "locale.alias", "ssl/openssl.cnf"),
    *("alternatives", "ssl/certs", "pki/tls/certs", "pki/ca-trust", "crypto-policies"),
    *("python3*", "fonts", "java-*-openjdk"),
)
"""Patterns of what programs need to start. Nothing here holds a password, a token or a private
key: ssl/private, gitconfig, pip.conf, npmrc, shadow and ssh stay out."""

_LARGEST_COPY = 1 << 18
"""Bytes of a file of /etc that is copied: a copy costs 0.02 ms, a mount 0.18."""


@dataclass(frozen=True)
class Machine:
    """The parts of the host that every sandbox shows, read-only.

    ``folders`` (and large files) are bound; ``links`` are (target, path) pairs to recreate,
    ``files`` (path, content) pairs to copy. ``proc`` are the entries of /proc to bind
    read-only over the sandbox's own; ``writable`` is one file of each such entry that
    somebody may write, for the self-test to open.
    """

    folders: tuple[str, ...]
    links: tuple[tuple[str, str], ...] = ()
    files: tuple[tuple[str, bytes], ...] = ()
    proc: tuple[str, ...] = ()
    writable: tuple[str, ...] = ()


def survey(root: Path = Path("/")) -> Machine:
    """Look at the machine; ``root`` is another folder in tests only. Takes about 2 ms."""
    found = [root / name for name in _MERGED]
    found += [path for pattern in _ETC for path in sorted((root / "etc").glob(pattern))]
    links = [path for path in found if _is_link_to_usr(path, root)]
    files = [path for path in found if path not in links and _is_small(path)]
    folders = [path for path in found if path not in [*links, *files] and path.exists()]
    entries = {path: _writable(path) for path in _kernel_entries(root / "proc")}
    proc = [path for path, writable in entries.items() if writable or path.is_dir()]
    return Machine(
        folders=("/usr", *(_name(path, root) for path in folders)),
        links=tuple((str(path.readlink()), _name(path, root)) for path in links),
        files=tuple((_name(path, root), path.read_bytes()) for path in files),
        proc=tuple(_name(path, root) for path in proc),
        writable=tuple(_name(path, root) for path in entries.values() if path),
    )


def _name(path: Path, root: Path) -> str:
    return f"/{path.relative_to(root)}"


def _is_link_to_usr(path: Path, root: Path) -> bool:
    return path.is_symlink() and path.resolve().is_relative_to(root / "usr")


def _is_small(path: Path) -> bool:
    """Whether a path is a file, or leads to one, that can be copied."""
    small = path.is_file() and path.stat().st_size <= _LARGEST_COPY
    return small and os.access(path, os.R_OK)


def _kernel_entries(proc: Path) -> list[Path]:
    """Entries of /proc that are the kernel's own and the same in every PID namespace.

    Their files belong to the host's root and are not namespaced: as root, a command in a
    fresh /proc rewrote kernel.core_pattern, a program that the host then runs.
    """
    if not proc.is_dir():  # macOS
        return []
    entries = (path for path in proc.iterdir() if not path.name.isdigit())
    return sorted(path for path in entries if not path.is_symlink())


def _writable(entry: Path) -> Path | None:
    """The first file at or below an entry whose mode lets anybody write."""
    return next((path for path in _files(entry) if _mode(path) & 0o222), None)


def _files(entry: Path) -> Iterator[Path]:
    if not entry.is_dir():
        yield entry
    for folder, _, names in os.walk(entry):
        yield from (Path(folder, name) for name in names)


def _mode(path: Path) -> int:
    try:
        return path.lstat().st_mode
    except OSError:  # entries of devices come and go
        return 0
