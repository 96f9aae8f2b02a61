"""The program's own source, parsed once: what the architecture tests look at."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
ROOTS = (CHECKOUT / "src", CHECKOUT / "worktree")
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One file of the program; ``name`` is dotted, a package's without ``__init__``."""

    name: str
    path: Path
    text: str
    tree: ast.Module

    @property
    def place(self) -> str:
        """The path in the checkout."""
        return self.path.relative_to(CHECKOUT).as_posix()

    def walk(self) -> Iterator[ast.AST]:
        """Every node of the file."""
        return ast.walk(self.tree)


@cache
def modules() -> dict[str, Module]:
    """Every module of both packages by name."""
    found = (_parse(root, path) for root in ROOTS for path in sorted(root.rglob("*.py")))
    return {module.name: module for module in found}


def sample(text: str) -> Module:
    """A module that exists in a test only."""
    path = ROOTS[0] / "sample.py"
    return Module("sample", path, text, ast.parse(text))


def _parse(root: Path, path: Path) -> Module:
    parts = path.relative_to(root).with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    text = path.read_text(encoding="utf-8")
    return Module(name, path, text, ast.parse(text, str(path)))


def imported(module: Module) -> set[str]:
    """Full names of everything that a module imports, inside functions too.

    ``from package import name`` is ``package.name`` where that is a module of ours, else
    ``package``.
    """
    names: set[str] = set()
    for node in module.walk():
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module.place}:{node.lineno}: a relative import"
            full = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= {name if name in modules() else str(node.module) for name in full}
    return names


def own_imports(module: Module) -> set[str]:
    """The modules of ours that a module imports, itself left out."""
    return {name for name in imported(module) if name in modules()} - {module.name}


def dotted(node: ast.AST) -> str:
    """``os.environ.get`` for that expression, "" for anything but names and attributes."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        head = dotted(node.value)
        return f"{head}.{node.attr}" if head else ""
    return ""


def uses(module: Module, *names: str) -> list[str]:
    """Places where a module mentions any of these dotted names, or imports one of them."""
    wanted = set(names)
    lines = {
        node.lineno
        for node in module.walk()
        if isinstance(node, ast.Name | ast.Attribute) and dotted(node) in wanted
    }
    lines |= {
        node.lineno
        for node in module.walk()
        if isinstance(node, ast.ImportFrom)
        and {f"{node.module}.{alias.name}" for alias in node.names} & wanted
    }
    return [f"{module.place}:{line}" for line in sorted(lines)]


def functions(module: Module) -> Iterator[Function]:
    """Every function and method, nested ones too."""
    return (node for node in module.walk() if isinstance(node, Function))


def length(function: Function) -> int:
    """Lines from ``def`` to the end, docstring included."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def undocumented(module: Module) -> Iterator[Function | ast.ClassDef]:
    """Public functions and classes without a docstring, and such methods of public classes.

    A method may leave it to the class in its own file, or to the protocol, that it fulfils.
    """
    for node in module.tree.body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            if not ast.get_docstring(node):
                yield node
            if isinstance(node, ast.ClassDef):
                known = documented_methods(module.tree.body) | protocol_methods()
                yield from (method for method in _silent(node) if method.name not in known)


def _silent(owner: ast.ClassDef) -> Iterator[Function]:
    """Public methods without a docstring."""
    methods = (node for node in owner.body if isinstance(node, Function))
    return (m for m in methods if not m.name.startswith("_") and not ast.get_docstring(m))


def documented_methods(body: list[ast.stmt]) -> set[str]:
    """Names of methods that some class in a file documents."""
    owners = [node for node in body if isinstance(node, ast.ClassDef)]
    methods = [node for owner in owners for node in owner.body if isinstance(node, Function)]
    return {method.name for method in methods if ast.get_docstring(method)}


@cache
def protocol_methods() -> set[str]:
    """Names of methods that a Protocol of ours documents."""
    classes = (n for m in modules().values() for n in m.walk() if isinstance(n, ast.ClassDef))
    protocols = [c for c in classes if any("Protocol" in ast.unparse(base) for base in c.bases)]
    return documented_methods([*protocols])


def line_count(path: Path) -> int:
    """Lines of a text file."""
    return path.read_text(encoding="utf-8").count("\n")


def suite_files() -> list[Path]:
    """Every Python file of the suite."""
    return sorted((CHECKOUT / "tests").rglob("*.py"))
