"""Findings in the forms that other programs read: JSON, GitHub's workflow commands, and SARIF 2.1.0 (OASIS) for code scanners."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from portunus import __version__
from portunus.dsl.catalogue import RULES, Rule, page
from portunus.dsl.diagnostics import Diagnostic
from portunus.dsl.model import Span


def as_json(findings: Iterable[Diagnostic]) -> str:
    """A list of objects, see `Diagnostic.as_dict`."""
    return json.dumps([item.as_dict() for item in findings], indent=1)


def as_github(findings: Iterable[Diagnostic]) -> str:
    """A line a finding that GitHub shows beside the source: `::error file=...,line=...::message`."""
    lines = []
    for item in findings:
        span = item.span
        place = {"file": span.path, "line": span.line, "col": span.column, "endColumn": span.column + span.length, "title": item.code}
        properties = ",".join(f"{name}={_escaped(str(value), ':,')}" for name, value in place.items())
        lines.append(f"::{item.severity} {properties}::{_escaped(item.message + (chr(10) + item.hint if item.hint else ''))}")
    return "\n".join(lines)


def _escaped(text: str, more: str = "") -> str:
    for character in "%\r\n" + more:
        text = text.replace(character, f"%{ord(character):02X}")
    return text


def as_sarif(findings: Iterable[Diagnostic]) -> str:
    """One run of the tool `portunus`, with the pages of the codes it gave and the repairs it proposes."""
    listed = list(findings)
    codes = sorted({item.code for item in listed})
    driver = {"name": "portunus", "version": __version__, "rules": [_rule(RULES[code]) for code in codes]}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": [_result(item, codes.index(item.code)) for item in listed]}
    return json.dumps({"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}, indent=1)


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.code, "shortDescription": {"text": rule.short}, "fullDescription": {"text": rule.page}, "help": {"text": page(rule.code)},
        "defaultConfiguration": {"level": rule.severity},
    }  # fmt: skip


def _result(item: Diagnostic, index: int) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": item.code, "ruleIndex": index, "level": item.severity, "message": {"text": item.message + (f"\n{item.hint}" if item.hint else "")},
        "locations": [{"physicalLocation": {"artifactLocation": _artifact(item.span), "region": _region(item.span)}}],
    }  # fmt: skip
    if item.repair:
        replacements = [{"deletedRegion": _region(edit.span), "insertedContent": {"text": edit.text}} for edit in item.repair]
        change = {"artifactLocation": _artifact(item.span), "replacements": replacements}
        result["fixes"] = [{"description": {"text": item.hint or item.message}, "artifactChanges": [change]}]
    return result


def _artifact(span: Span) -> dict[str, str]:
    return {"uri": quote(span.path.replace("\\", "/").encode("utf-8", "backslashreplace"))}


def _region(span: Span) -> dict[str, int]:
    return {"startLine": span.line, "startColumn": span.column, "endColumn": span.column + span.length}
