"""The spec language: text to a checked model, or everything that is wrong with it.

    load_model(path) -> Model               raises DiagnosticError with all findings
    check_file(path) -> list[Diagnostic]    errors and warnings
    parse_rotation(text, model, name=...)   a priority list against the names of a model
    format_text(text) -> str                the one canonical form
"""

from __future__ import annotations

from portunus.dsl.diagnostics import Diagnostic, DiagnosticError
from portunus.dsl.format import format_text
from portunus.dsl.load import check_file, load_model, parse_rotation
from portunus.dsl.model import Model

__all__ = ["Diagnostic", "DiagnosticError", "Model", "check_file", "format_text", "load_model", "parse_rotation"]
