"""Who may import whom: arrows never turn back, and each heavy library sits in its own place."""

from __future__ import annotations

import pytest
from sources import imports, module_name, trees

LEAVES = {"errors", "files", "source", "units", "resources", "display"}
KERNEL_CONTRACT = {"runtime.signature", "runtime.calls"}
MAY_IMPORT: dict[str, set[str]] = {
    "dsl": set(),
    "ir": {"dsl"},
    "codegen": {"ir", "dsl"},
    "runtime": {"codegen", "ir", "dsl"},
    "sim": {"runtime", "codegen", "ir", "dsl"},
    "evaluator": KERNEL_CONTRACT,
    "search": KERNEL_CONTRACT | {"evaluator"},
    "planner": {"search", "evaluator", "runtime"},
    "barcode": {"ir", "runtime"},
    "train": {"sim", "search", "evaluator", "runtime"},
    "testing": {"sim", "runtime", "ir", "dsl"},
    "portunus_overlay": {"planner", "barcode", "runtime"},
}
HEAVY: dict[str, tuple[str, ...]] = {
    "lark": ("portunus.dsl",),
    "numba": ("portunus.runtime", "portunus.search", "portunus.evaluator", "portunus.codegen", "portunus.sim", "portunus.train", "portunus.barcode"),
    "torch": ("portunus.evaluator.torchscript", "portunus.train"),
    "ray": ("portunus.train", "portunus.planner"),
    "kivy": ("portunus_overlay",),
    "mss": ("portunus.barcode",),
}
# The client's window and the commands `bench` and `demo` sit above everything; so does the command that starts the overlay.
ABOVE_EVERYTHING = ("portunus.cli", "portunus.__main__")


def part_of(module: str) -> str:
    """`portunus.search.tree` -> `search`; "" for something that is not ours, "portunus" for the package itself."""
    names = module.split(".")
    if names[0] == "portunus_overlay":
        return "portunus_overlay"
    if names[0] != "portunus":
        return ""
    return names[1] if len(names) > 1 else "portunus"


def within(module: str, places: tuple[str, ...] | set[str]) -> bool:
    return any(module == place or module.startswith(place + ".") for place in places)


@pytest.mark.parametrize("path", sorted(trees()))
def test_arrows_never_turn_back(path: str) -> None:
    module = module_name(path)
    if within(module, ABOVE_EVERYTHING):
        return
    own = part_of(module)
    wrong = []
    for name, line in imports(path):
        other = part_of(name)
        below = name.removeprefix("portunus.")
        if other in ("", own, "__version__") or other in LEAVES or name == "portunus.__version__":
            continue
        if own in LEAVES or not within(below, MAY_IMPORT.get(own, set())):
            wrong.append(f"{path}:{line} imports {name}")
    assert wrong == []


@pytest.mark.parametrize("library", sorted(HEAVY))
def test_heavy_library_stays_in_its_place(library: str) -> None:
    wrong = [
        f"{path}:{line} imports {name}"
        for path in trees()
        for name, line in imports(path)
        if within(name, (library,)) and not within(module_name(path), (*HEAVY[library], "portunus.cli"))
    ]
    assert wrong == []


def test_every_folder_of_the_package_has_a_place_in_the_table() -> None:
    folders = {path.split("/")[1] for path in trees() if path.startswith("portunus/") and path.count("/") > 1}
    assert folders - set(MAY_IMPORT) == {"cli"}
