"""The spec language: text to a checked model, or everything that is wrong with it.

    load_model(path) -> Model               raises DiagnosticError with all findings
    check_file(path) -> list[Diagnostic]    errors and warnings
    parse_rotation(text, model, name=...)   a priority list against the names of a model
    format_text(text) -> str                the one canonical form

The names are loaded when they are asked for: whoever needs only the model does not pay for the parser.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from portunus.dsl.diagnostics import Diagnostic, DiagnosticError
    from portunus.dsl.format import format_text
    from portunus.dsl.load import check_file, load_model, parse_rotation
    from portunus.dsl.model import Model

__all__ = ["Diagnostic", "DiagnosticError", "Model", "check_file", "format_text", "load_model", "parse_rotation"]

_HOMES = {
    "Diagnostic": "diagnostics", "DiagnosticError": "diagnostics", "Model": "model", "check_file": "load", "format_text": "format",
    "load_model": "load", "parse_rotation": "load",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
