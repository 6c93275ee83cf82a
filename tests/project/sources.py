"""The project's own source files as syntax trees, for tests that hold rules over all of them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@cache
def trees() -> dict[str, ast.Module]:
    """Every Python file of `portunus/` and `overlay/` by its path below the checkout."""
    files = sorted([*(ROOT / "portunus").rglob("*.py"), *(ROOT / "overlay").rglob("*.py")])
    return {file.relative_to(ROOT).as_posix(): ast.parse(file.read_text(encoding="utf-8"), str(file)) for file in files}


def module_name(path: str) -> str:
    """`portunus/sim/report.py` -> `portunus.sim.report`; the overlay's folder goes by the name it is installed as."""
    parts = path.removesuffix(".py").removesuffix("/__init__").split("/")
    if parts[0] == "overlay":
        parts[0] = "portunus_overlay"
    return ".".join(parts)


def _for_types_only(tree: ast.Module) -> set[int]:
    """Lines inside `if TYPE_CHECKING:` blocks, which never run."""
    blocks = [n for n in ast.walk(tree) if isinstance(n, ast.If) and dotted(n.test).split(".")[-1] == "TYPE_CHECKING"]
    return {line for block in blocks for statement in block.body for line in range(statement.lineno, statement.end_lineno + 1)}


@cache
def imports(path: str) -> tuple[tuple[str, int], ...]:
    """Every module a file imports when it runs, as `(absolute name, line)`; `from a import b` gives `a.b`."""
    return tuple(_imports(path))


def _imports(path: str) -> Iterator[tuple[str, int]]:
    unused = _for_types_only(trees()[path])
    package = module_name(path).split(".")
    if not path.endswith("__init__.py"):
        package = package[:-1]
    for node in ast.walk(trees()[path]):
        if getattr(node, "lineno", 0) in unused:
            continue
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            prefix = ".".join(base + ([node.module] if node.module else []))
            for alias in node.names:
                yield f"{prefix}.{alias.name}", node.lineno


def dotted(node: ast.AST) -> str:
    """`torch.jit.load` of an attribute chain; "" for anything else."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(names)]) if isinstance(node, ast.Name) else ""


@cache
def calls(path: str) -> tuple[tuple[ast.Call, str], ...]:
    """Every call in a file with the dotted name it calls ("" if that is no plain name)."""
    return tuple((node, dotted(node.func)) for node in ast.walk(trees()[path]) if isinstance(node, ast.Call))
