"""Where the packaged data lies: grammar, specs, addon core, models; in a checkout and in an installed wheel."""

from __future__ import annotations

from pathlib import Path

from portunus.errors import PortunusError

_PACKAGE = Path(__file__).resolve().parent


def data_folder(name: str) -> Path:
    """The folder `grammar`, `specs`, `addon` or `models` that belongs to this installation.

    A wheel carries them in `portunus/_data/`, a checkout beside the package.

    Raises:
        PortunusError: The installation is incomplete.
    """
    for candidate in (_PACKAGE / "_data" / name, _PACKAGE.parent / name):
        if candidate.is_dir():
            return candidate
    raise PortunusError(f"the folder {name!r} of this installation is missing", hint="Install Portunus again.")


def find_spec(text: str) -> Path:
    """Resolve a spec argument: a path as given, else a path below the packaged specs (with or without `specs/`).

    Raises:
        PortunusError: No such file; names the nearest shipped spec.
    """
    from portunus.errors import nearest

    given = Path(text)
    if given.is_file():
        return given
    specs = data_folder("specs")
    relative = text[len("specs/"):] if text.startswith("specs/") else text
    for candidate in (specs / relative, specs / f"{relative}.spec"):
        if candidate.is_file() and specs in candidate.resolve().parents:
            return candidate
    shipped = sorted(str(p.relative_to(specs)) for p in specs.rglob("*.spec"))
    close = nearest(relative, shipped)
    raise PortunusError(f"there is no spec file {text}", hint=f"Did you mean specs/{close}?" if close else "Give the path of a .spec file.")


def shipped_specs() -> list[Path]:
    """The complete specs of this installation, in order of their names: files beside a ruleset that define a `spec`."""
    found = []
    for ruleset in sorted(data_folder("specs").glob("*/ruleset.spec")):
        for path in sorted(ruleset.parent.glob("*.spec")):
            if any(line.startswith("spec ") for line in path.read_text(encoding="utf-8").splitlines()):
                found.append(path)
    return found
