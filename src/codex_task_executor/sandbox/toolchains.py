"""Tool chains outside /usr that a sandbox shows, found from PATH.

A folder on PATH is shown where it clearly belongs to a tool chain:

- ``PREFIX/bin`` with ``PREFIX/lib`` beside it (pyenv and nvm versions, /opt, JDKs, Go, conda,
  virtual environments): the whole prefix;
- ``shims`` of pyenv, rbenv and nodenv: their programs and versions;
- ``.cargo/bin`` with rustup in it: that folder and rustup's tool chains;
- package stores of Nix and Guix, readable by everybody: the store;
- links in any other folder (``~/.local/bin``) whose target is in a tool chain: these links.

A prefix is refused where it is, or has below it, the home folder, the worktree or anything
else that must stay hidden, where it is a checkout (``.git``), or where its own folder has
an entry with a secret name. Version managers that keep state elsewhere (asdf, volta) are not
known yet.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from codex_task_executor.sandbox.secrets import is_secret

_SYSTEM = (Path("/usr"), Path("/bin"), Path("/sbin"), Path("/opt/homebrew"))
_STORES = (Path("/nix/store"), Path("/gnu/store"))
_LIBRARIES = ("lib", "lib64", "libexec")
_MANAGED = (
    *("shims", "versions", "bin", "libexec", "plugins", "version"),
    *("pyenv.d", "rbenv.d", "nodenv.d"),
)
_RUSTUP = ("toolchains", "settings.toml", "update-hashes")
"""What rustup's proxies read, or would otherwise try to create."""

_PERSONAL = (".local",)
"""Folders with bin, lib and share that hold a person's own data (key rings, histories)."""

_TOKENS = ("pip.conf", ".condarc", "etc/npmrc", "etc/pip.conf")
"""Files of a prefix that may name a private index with its password: covered where they exist."""

_STANDARD = ("/usr/local/bin", "/usr/bin", "/bin")


@dataclass(frozen=True)
class Toolchains:
    """What PATH asks for.

    ``folders`` (and single files) are bound read-only, ``links`` are (target, path) pairs to
    recreate, ``covered`` are files to hide; ``path`` and ``variables`` are for the
    environment inside.
    """

    path: str
    folders: tuple[Path, ...] = ()
    links: tuple[tuple[str, Path], ...] = ()
    covered: tuple[Path, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)


def find_toolchains(path: str, root: Path, hidden: Iterable[Path]) -> Toolchains:
    """Look along a PATH for what a sandbox around the worktree ``root`` shows.

    ``hidden`` are folders that must not appear as a whole: the home folder, the user's
    repository. All of these paths are resolved. Relative entries of PATH, and the empty one
    (the current folder), never count.
    """
    search = _Search(root, tuple(hidden))
    entries = [_real(entry) for entry in path.split(":") if entry.startswith("/")]
    kept = [str(entry) for entry in entries if _readable(entry) and search.visit(entry)]
    return Toolchains(
        path=":".join(dict.fromkeys([*kept, *_STANDARD])),
        folders=search.outermost(),
        links=tuple((target, link) for link, target in search.links.items()),
        covered=tuple(search.tokens()),
        variables=search.variables,
    )


class _Search:
    """What was found on the way along a PATH."""

    def __init__(self, root: Path, hidden: tuple[Path, ...]) -> None:
        self.root = root
        self.hidden = (*hidden, root)
        self.folders: dict[Path, None] = {}
        self.prefixes: dict[Path, None] = {}
        self.links: dict[Path, str] = {}
        self.variables: dict[str, str] = {}

    def visit(self, folder: Path) -> bool:
        """Take what a folder of PATH needs; False when the folder is not shown."""
        self._take_rustup(folder)
        if self._shown(folder):
            return True
        self._take_managed(folder)
        self._take_prefix(folder)
        linked = [self._follow(link) for link in _links(folder)]
        return self._shown(folder) or any(linked)

    def outermost(self) -> tuple[Path, ...]:
        """The folders found that lie in no other one."""
        return tuple(
            folder
            for folder in self.folders
            if not any(folder.is_relative_to(other) for other in self.folders if other != folder)
        )

    def tokens(self) -> Iterator[Path]:
        """Existing files of the prefixes that may hold a token."""
        for prefix in self.prefixes:
            yield from (prefix / name for name in _TOKENS if (prefix / name).is_file())

    def _shown(self, path: Path) -> bool:
        shown = (*_SYSTEM, self.root, *self.folders)
        return any(path.is_relative_to(folder) for folder in shown)

    def _take(self, path: Path) -> None:
        if os.access(path, os.R_OK) and not self._shown(path):
            self.folders[path] = None

    def _take_managed(self, folder: Path) -> None:
        manager = folder.parent
        if folder.name == "shims" and (manager / "versions").is_dir() and not self._hides(manager):
            for name in _MANAGED:
                self._take(manager / name)

    def _take_rustup(self, folder: Path) -> None:
        if not (folder / "rustup").is_file():
            return
        for home in (folder.parent.parent / name for name in (".rustup", "rustup")):
            if (home / "toolchains").is_dir():
                self.variables["RUSTUP_HOME"] = str(home)
                for path in (folder, *(home / name for name in _RUSTUP)):
                    self._take(path)

    def _take_prefix(self, folder: Path) -> bool:
        """Take the tool chain that a folder of programs belongs to, if it clearly does."""
        store = next((store for store in _STORES if folder.is_relative_to(store)), None)
        if store is not None:
            self._take(store)
        elif self._is_prefix(folder.parent) and folder.name in ("bin", "sbin"):
            self._take(folder.parent)
            self.prefixes[folder.parent] = None
        return self._shown(folder)

    def _is_prefix(self, prefix: Path) -> bool:
        if prefix.name in _PERSONAL or self._hides(prefix) or not _readable(prefix):
            return False
        names = {entry.name for entry in prefix.iterdir()}
        return bool(names & set(_LIBRARIES)) and not any(map(_unwanted, names))

    def _hides(self, prefix: Path) -> bool:
        """Whether something that must stay hidden is this folder or lies in it."""
        return any(folder.is_relative_to(prefix) for folder in self.hidden)

    def _follow(self, link: Path) -> bool:
        """Recreate a chain of links if it ends in a tool chain, and take that tool chain."""
        chain: dict[Path, str] = {}
        while link not in chain and (target := _target(link)):
            chain[link] = target
            link = Path(os.path.normpath(_real(link.parent) / target))
        if not os.access(link, os.X_OK) or not (
            self._shown(link) or self._take_prefix(link.parent)
        ):
            return False
        self.links |= {path: to for path, to in chain.items() if not self._shown(path)}
        return True


def _real(path: Path | str) -> Path:
    """A path without symbolic links; unlike ``Path.resolve`` never an error."""
    return Path(os.path.realpath(path))


def _readable(folder: Path) -> bool:
    """Whether it is a folder that this user may look into."""
    return os.access(folder, os.R_OK | os.X_OK) and folder.is_dir()


def _target(link: Path) -> str | None:
    try:
        return str(link.readlink())
    except OSError:
        return None


def _unwanted(name: str) -> bool:
    return name == ".git" or is_secret(name)


def _links(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_symlink())
