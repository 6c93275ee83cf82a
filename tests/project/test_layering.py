"""Who may import whom: arrows never turn back, and each heavy library sits in its own place."""

from __future__ import annotations

import pytest
from sources import imports, module_name, trees

LEAVES = {"errors", "files", "source", "units", "resources", "display"}
# What all specs share: pure declarations, and the draw order that both targets must agree on.
SHARED = ("runtime.signature", "runtime.random_python", "runtime.queue_python")
KERNEL_CONTRACT = {"runtime.signature", "runtime.calls", "runtime.stored"}
INPUTS = ("sim.profile", "sim.encounter")  # what a fight is played with; the compiler fills tables from them
COMPILER = {"dsl", "ir", "codegen", "runtime"}
MAY_IMPORT: dict[str, set[str]] = {
    "dsl": set(),
    "ir": {"dsl"},
    "codegen": {"ir", "dsl"},
    "runtime": {"codegen", "ir", "dsl"},
    "sim.profile": {"dsl", "ir"},
    "sim.encounter": {"dsl", "ir"},
    "compiler": COMPILER | set(INPUTS),
    "sim": COMPILER | {"compiler"},
    "evaluator": KERNEL_CONTRACT,
    "search": KERNEL_CONTRACT | {"evaluator"},
    "planner": {"search", "evaluator", "runtime", "compiler"},
    "barcode": COMPILER,
    "train": {"sim", "search", "evaluator", "runtime", "compiler"},
    "lsp": {"dsl", "ir", "compiler"},
    "testing": COMPILER | {"sim", "compiler", "barcode"},
    "portunus_overlay": {"planner", "barcode", "runtime", "compiler"},
}
HEAVY: dict[str, tuple[str, ...]] = {
    "lark": ("portunus.dsl.compile_grammar",),
    "numba": ("portunus.runtime", "portunus.search", "portunus.evaluator", "portunus.train"),
    "torch": ("portunus.evaluator.torchscript", "portunus.train"),
    "ray": ("portunus.train", "portunus.sim.cluster", "portunus.planner.cluster"),
    "kivy": ("portunus_overlay",),
    "mss": ("portunus.barcode", "portunus_overlay"),
    "lupa": ("portunus.barcode",),
    "pygls": ("portunus.lsp",),
    "lsprotocol": ("portunus.lsp",),
    "hypothesis": ("portunus.testing",),
}
# Commands sit above everything.
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
    place = next((inputs for inputs in INPUTS if module == f"portunus.{inputs}"), own)
    wrong = []
    for name, line in imports(path):
        other = part_of(name)
        below = name.removeprefix("portunus.")
        same_package = other == own and (place == own or within(below, INPUTS))
        if other == "" or same_package or other in LEAVES or within(below, SHARED) or name in ("portunus", "portunus.__version__"):
            continue
        if own in LEAVES or not within(below, MAY_IMPORT.get(place, set())):
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
    assert folders - {place.split(".")[0] for place in MAY_IMPORT} == {"cli"}
