"""The TextMate grammar and the rest of the VS Code package, from the table of keywords: `python -m portunus.lsp.textmate editors/vscode`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from portunus import __version__
from portunus.dsl.expressions import FUNCTIONS
from portunus.dsl.keywords import BLOCKS, CHOICES
from portunus.dsl.names import COOLDOWN_FIELDS, EVENT_NAMES, PLAIN_NAMES, SPELL_FIELDS, STATIC_PREFIXES
from portunus.dsl.symbols import AURA_FIELDS
from portunus.files import write_atomic
from portunus.lsp.index import PREFIXES, flat
from portunus.units import UNITS

SCOPE = "source.portunus"


def _words(words: set[str]) -> str:
    """A pattern for whole words that no dot joins to others."""
    return rf"(?<![A-Za-z0-9_.])(?:{'|'.join(sorted(words))})(?![A-Za-z0-9_.(])"


def grammar() -> dict[str, Any]:
    """The grammar as plain data."""
    keywords = [keyword for block in BLOCKS.values() for keyword in block.keywords.values() if keyword.word != "*"]
    openers = {keyword.word for keyword in keywords if keyword.block}
    others = {keyword.word for keyword in keywords} - openers
    inner = {part.word for keyword in keywords for part in flat(keyword.parts) if part.word}
    chosen = {word for words in CHOICES.values() for word in words}
    named = {keyword.word for keyword in keywords if any(part.name == "name" for part in keyword.parts)}
    fields = {*AURA_FIELDS, *COOLDOWN_FIELDS, *SPELL_FIELDS}
    prefixes = {*PREFIXES, *STATIC_PREFIXES}
    units = "|".join(sorted((name for name in UNITS if name), key=lambda name: (-len(name), name)))
    patterns: list[dict[str, Any]] = [
        {"name": "comment.line.number-sign.portunus", "match": r"#.*$"},
        {"name": "string.quoted.double.portunus", "match": r"\"[^\"\n]*\"?"},
        {
            "match": rf"(?<![A-Za-z0-9_.])({'|'.join(sorted(named))})\s+([a-z_][a-z0-9_]*)(?=\s*(?:\"[^\"]*\"\s*|on\s+[a-z]+\s*)*\{{)",
            "captures": {"1": {"name": "keyword.control.portunus"}, "2": {"name": "entity.name.type.portunus"}},
        },
        {"match": rf"(?<![A-Za-z0-9_.])([0-9]+(?:\.[0-9]+)?)({units})?(?![A-Za-z0-9_])",
         "captures": {"1": {"name": "constant.numeric.portunus"}, "2": {"name": "keyword.other.unit.portunus"}}},
        {"name": "keyword.operator.range.portunus", "match": r"\.\."},
        {"name": "keyword.operator.portunus", "match": r"<=|>=|==|!=|[-+*/<>]"},
        {"name": "keyword.control.conditional.portunus", "match": _words({"if", "else"})},
        {"name": "keyword.operator.logical.portunus", "match": _words({"and", "or", "not"})},
        {"name": "support.function.portunus", "match": rf"(?<![A-Za-z0-9_.])(?:{'|'.join(sorted(FUNCTIONS))})(?=\()"},
        {"name": "support.variable.portunus",
         "match": rf"(?<![A-Za-z0-9_.])(?:{'|'.join(sorted(name.replace('.', chr(92) + '.') for name in (*PLAIN_NAMES, *EVENT_NAMES) if '.' in name))})(?![A-Za-z0-9_.])"},
        {"match": rf"(?<![A-Za-z0-9_.])({'|'.join(sorted(prefixes))})\.([A-Za-z0-9_]+)(?:\.({'|'.join(sorted(fields))})(?![A-Za-z0-9_]))?",
         "captures": {"1": {"name": "support.type.portunus"}, "2": {"name": "variable.other.portunus"}, "3": {"name": "support.constant.portunus"}}},
        {"name": "variable.other.member.portunus", "match": r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)+"},
        {"name": "keyword.control.portunus", "match": _words(openers)},
        {"name": "keyword.other.portunus", "match": _words(others)},
        {"name": "constant.language.portunus", "match": _words((chosen | inner) - openers - others)},
        {"name": "variable.other.portunus", "match": r"[A-Za-z_][A-Za-z0-9_]*"},
    ]  # fmt: skip
    return {"$schema": "https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json", "name": "Portunus", "scopeName": SCOPE, "fileTypes": ["spec"],
            "patterns": patterns}  # fmt: skip


def language_configuration() -> dict[str, Any]:
    """Comments, brackets and indentation."""
    pairs = [["{", "}"], ["(", ")"]]
    closing = [{"open": opening, "close": close} for opening, close in pairs] + [{"open": '"', "close": '"', "notIn": ["string", "comment"]}]
    return {
        "comments": {"lineComment": "#"}, "brackets": pairs, "autoClosingPairs": closing, "surroundingPairs": [*pairs, ['"', '"']],
        "wordPattern": "[A-Za-z_][A-Za-z0-9_]*|[0-9]+(?:\\.[0-9]+)?[A-Za-z%/]*",
        "indentationRules": {"increaseIndentPattern": "^[^#\"]*\\{[^}]*$", "decreaseIndentPattern": "^\\s*\\}"},
    }  # fmt: skip


def package() -> dict[str, Any]:
    """The manifest of the VS Code package."""
    return {
        "name": "portunus", "displayName": "Portunus specs", "description": "Spec files of Portunus: findings as you type, completion, hover, rename, formatting.",
        "version": __version__.split("+")[0].split(".dev")[0], "publisher": "portunus", "license": "MIT", "engines": {"vscode": "^1.82.0"},
        "categories": ["Programming Languages", "Formatters", "Linters"], "main": "./extension.js", "activationEvents": [],
        "contributes": {
            "languages": [{"id": "portunus", "aliases": ["Portunus spec"], "extensions": [".spec"], "configuration": "./language-configuration.json"}],
            "grammars": [{"language": "portunus", "scopeName": SCOPE, "path": "./syntaxes/portunus.tmLanguage.json"}],
            "configuration": {"title": "Portunus", "properties": {"portunus.command": {
                "type": "string", "default": "portunus", "markdownDescription": "The program that is started as `portunus lsp`; a full path if it is not on the PATH."}}},
        },
        "dependencies": {"vscode-languageclient": "^9.0.1"},
    }  # fmt: skip


def files() -> dict[str, str]:
    """The generated files of the package by their path in it."""
    made = {"package.json": package(), "language-configuration.json": language_configuration(), "syntaxes/portunus.tmLanguage.json": grammar()}
    return {name: json.dumps(data, indent=2) + "\n" for name, data in made.items()}


def main(arguments: list[str]) -> None:
    """Write the generated files into a folder."""
    if len(arguments) != 1:
        sys.exit("usage: python -m portunus.lsp.textmate FOLDER")
    for name, text in files().items():
        write_atomic(Path(arguments[0]) / name, text)


if __name__ == "__main__":
    main(sys.argv[1:])
