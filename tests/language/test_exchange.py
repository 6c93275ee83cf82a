"""Findings as JSON, as GitHub annotations and as SARIF."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import unquote

import jsonschema
import pytest
from golden import mistakes

from portunus.dsl import check_file
from portunus.dsl.catalogue import RULES
from portunus.dsl.diagnostics import Diagnostic, Edit, edited
from portunus.dsl.exchange import as_github, as_json, as_sarif
from portunus.dsl.model import Span

TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
REGION = {
    "type": "object", "required": ["startLine", "startColumn", "endColumn"], "additionalProperties": False,
    "properties": {name: {"type": "integer", "minimum": 1} for name in ("startLine", "startColumn", "endColumn")},
}  # fmt: skip
ARTIFACT = {"type": "object", "required": ["uri"], "properties": {"uri": {"type": "string", "pattern": "^[A-Za-z0-9_.~/%-]+$"}}}
RESULT = {
    "type": "object", "required": ["message", "ruleId", "ruleIndex", "level", "locations"],
    "properties": {
        "message": TEXT, "level": {"enum": ["error", "warning"]}, "ruleIndex": {"type": "integer", "minimum": 0}, "ruleId": {"pattern": "^PT[0-9]{3}$"},
        "locations": {"type": "array", "minItems": 1, "items": {"required": ["physicalLocation"], "properties": {"physicalLocation": {
            "required": ["artifactLocation", "region"], "properties": {"artifactLocation": ARTIFACT, "region": REGION}}}}},
        "fixes": {"type": "array", "items": {"required": ["artifactChanges"], "properties": {"description": TEXT, "artifactChanges": {
            "type": "array", "minItems": 1, "items": {"required": ["artifactLocation", "replacements"], "properties": {"replacements": {
                "type": "array", "minItems": 1, "items": {"required": ["deletedRegion"], "properties": {"deletedRegion": REGION}}}}}}}}},
    },
}  # fmt: skip
# What SARIF 2.1.0 (OASIS standard, appendix of required properties) demands of the parts that are written here.
SARIF = {
    "type": "object", "required": ["version", "runs"], "additionalProperties": False,
    "properties": {"$schema": {"type": "string"}, "version": {"const": "2.1.0"}, "runs": {"type": "array", "items": {
        "type": "object", "required": ["tool"], "properties": {
            "tool": {"required": ["driver"], "properties": {"driver": {"required": ["name"], "properties": {"name": {"const": "portunus"}, "rules": {"items": {
                "required": ["id"], "properties": {"shortDescription": TEXT, "fullDescription": TEXT, "help": TEXT, "defaultConfiguration": {
                    "properties": {"level": {"enum": ["error", "warning"]}}}}}}}}}},
            "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
            "results": {"type": "array", "items": RESULT},
        }}}},
}  # fmt: skip


@pytest.fixture(scope="module")
def findings() -> list[Diagnostic]:
    return [item for mistake in mistakes() for item in mistake.findings]


def test_sarif(findings: list[Diagnostic]) -> None:
    for some in (findings, []):
        document = json.loads(as_sarif(some))
        jsonschema.validate(document, SARIF)
        run = document["runs"][0]
        rules = run["tool"]["driver"]["rules"]
        assert len(run["results"]) == len(some) and len({rule["id"] for rule in rules}) == len(rules)
        assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])


def test_the_repairs_of_sarif_are_the_repairs(findings: list[Diagnostic]) -> None:
    results = json.loads(as_sarif(findings))["runs"][0]["results"]
    assert sum("fixes" in result for result in results) == sum(bool(item.repair) for item in findings) > 50
    mistake = next(item for item in mistakes() if item.path.stem == "effect_with_condition")
    (change,) = json.loads(as_sarif(mistake.findings))["runs"][0]["results"][0]["fixes"][0]["artifactChanges"]
    edits = [
        Edit(Span("", r["deletedRegion"]["startLine"], r["deletedRegion"]["startColumn"], r["deletedRegion"]["endColumn"] - r["deletedRegion"]["startColumn"]), r["insertedContent"]["text"])
        for r in change["replacements"]
    ]
    assert edited(mistake.text(), edits) == mistake.meant()


def test_json_has_every_field(findings: list[Diagnostic]) -> None:
    for item, data in zip(findings, json.loads(as_json(findings)), strict=True):
        assert data["code"] in RULES and (data["line"], data["column"], data["length"]) == (item.span.line, item.span.column, item.span.length)
        assert [part["text"] for part in data["repair"]] == [edit.text for edit in item.repair]


def test_github_lines_cannot_be_broken_out_of() -> None:
    hostile = Diagnostic("PT401", "error", "a\n::error::b%0A", Span("x,y:z\n.spec", 3, 5, 2), "do, this: it")
    assert as_github([hostile]) == "::error file=x%2Cy%3Az%0A.spec,line=3,col=5,endColumn=7,title=PT401::a%0A::error::b%250A%0Ado, this: it"
    assert as_github([]) == ""


def test_hostile_paths_are_uris(tmp_path: Path) -> None:
    path = tmp_path / 'a b%?#"<\udc80>.spec'
    found = check_file(path, text="spec")
    document = json.loads(as_sarif(found))
    jsonschema.validate(document, SARIF)
    uri = document["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert unquote(uri).startswith(str(tmp_path)) and "#" not in uri
