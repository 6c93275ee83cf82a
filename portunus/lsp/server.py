"""The language server: the answers of this package in the terms of the Language Server Protocol."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path
from urllib.parse import unquote, urlparse

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer
from pygls.workspace.position_codec import PositionCodec, ServerTextPosition, ServerTextRange

from portunus import __version__
from portunus.dsl.diagnostics import Diagnostic
from portunus.dsl.model import Span
from portunus.errors import PortunusError
from portunus.lsp.completion import Proposal, proposals
from portunus.lsp.hover import Reader
from portunus.lsp.navigate import Heading, definition, named_at, outline, places, rename
from portunus.lsp.project import File, Project

PAUSE_SECONDS = 0.01  # between the last key and the check, so that a burst of changes is checked once
REST_SECONDS = 2.0  # after the last check, then there is time to tidy up memory

_COMPLETION_KINDS = {
    "keyword": lsp.CompletionItemKind.Keyword, "word": lsp.CompletionItemKind.EnumMember, "function": lsp.CompletionItemKind.Function,
    "unit": lsp.CompletionItemKind.Unit, "file": lsp.CompletionItemKind.File, "spell": lsp.CompletionItemKind.Method, "aura": lsp.CompletionItemKind.Event,
    "stat": lsp.CompletionItemKind.Variable, "resource": lsp.CompletionItemKind.Property,
}  # fmt: skip
_SYMBOL_KINDS = {
    "spec": lsp.SymbolKind.Class, "class": lsp.SymbolKind.Class, "ruleset": lsp.SymbolKind.Module, "spell": lsp.SymbolKind.Method, "aura": lsp.SymbolKind.Event,
    "pet": lsp.SymbolKind.Object, "rotation": lsp.SymbolKind.Function, "stat": lsp.SymbolKind.Variable, "let": lsp.SymbolKind.Constant,
    "resource": lsp.SymbolKind.Property, "property": lsp.SymbolKind.Boolean, "on": lsp.SymbolKind.Operator,
}  # fmt: skip


def path_of(uri: str) -> Path:
    """The file of a document; a document without a file (not saved yet) gets a place of its own that does not exist."""
    parsed = urlparse(uri)
    if parsed.scheme == "file":
        return Path(unquote(parsed.path)).resolve()
    return Path("/unsaved") / unquote(parsed.path or uri).strip("/")


class SpecServer(LanguageServer):
    """One editor's server: the project and what is being waited for."""

    def __init__(self) -> None:
        super().__init__("portunus", __version__)
        self.project = Project()
        self.reader = Reader(self.project)
        self.uris: dict[Path, str] = {}
        self.versions: dict[Path, int | None] = {}
        self._waiting: asyncio.TimerHandle | None = None
        self._resting: asyncio.TimerHandle | None = None
        self._dirty: set[Path] = set()
        self._ended = False

    # ---- places ----------------------------------------------------------------------------------------------------------------------

    @property
    def codec(self) -> PositionCodec:
        """How this client counts columns."""
        return self.workspace.position_codec

    def file(self, uri: str) -> File:
        """The open document; an empty one if it is not open and cannot be read."""
        path = path_of(uri)
        return self.project.file(path) or File(path, "")

    def place(self, file: File, position: lsp.Position) -> tuple[int, int]:
        """Line and column, counted from 1, of a client's position."""
        lines = file.text.split("\n")
        if position.line >= len(lines):
            return len(lines), len(lines[-1]) + 1
        found = self.codec.position_from_client_units(lines, position)
        return found.line + 1, min(found.character, len(lines[found.line])) + 1

    def range(self, file: File, span: Span) -> lsp.Range:
        """A span as the client counts."""
        line = min(max(span.line - 1, 0), max(0, file.text.count("\n")))
        start = ServerTextPosition(line, max(0, span.column - 1))
        end = ServerTextPosition(line, start.character + span.length)
        lines = _line(file, line)
        return self.codec.range_to_client_units(lines, ServerTextRange(start, end))

    def uri(self, path: Path) -> str:
        """The document of a file."""
        return self.uris.get(path) or path.as_uri()

    # ---- findings --------------------------------------------------------------------------------------------------------------------

    def changed(self, path: Path) -> None:
        """Check a file, and all open ones that use it, once the keys rest for a moment."""
        if self._ended:
            return
        self._dirty.add(path)
        if self._waiting is not None:
            self._waiting.cancel()
        self._waiting = self._loop().call_later(PAUSE_SECONDS, self._check)

    def end(self) -> None:
        """Nothing is checked any more: findings that come while the pipes are being closed would keep the process from ending."""
        self._ended = True
        for timer in (self._waiting, self._resting):
            if timer is not None:
                timer.cancel()

    @staticmethod
    def _loop() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    def _check(self) -> None:
        self._waiting = None
        dirty, self._dirty = self._dirty, set()
        touched = [path for path in self.project.open if path in dirty or any(file.path in dirty for file in self.project.files_of(path))]
        for path in sorted(touched, key=lambda p: (p not in dirty, p)):
            self._publish(path)
            self._loop().call_soon(self.project.home, path)  # the names for the next completion, after what waits already
        if self._resting is not None:
            self._resting.cancel()
        self._resting = self._loop().call_later(REST_SECONDS, gc.collect)

    def _publish(self, path: Path) -> None:
        uri, version = self.uris[path], self.versions[path]
        findings = self.findings(path)
        self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, findings, version))

    def findings(self, path: Path) -> list[lsp.Diagnostic]:
        """The findings of a file; those of files it uses stand at its `use`."""
        file = self.project.file(path) or File(path, "")
        found: list[lsp.Diagnostic] = []
        elsewhere: dict[str, list[Diagnostic]] = {}
        for item in self.project.checked(path).diagnostics:
            if item.span.path == str(path):
                found.append(self._finding(file, item))
            elif item.severity == "error":
                elsewhere.setdefault(str(Path(item.span.path).resolve()), []).append(item)
        for where, items in elsewhere.items():
            found.append(self._finding_elsewhere(file, Path(where), items))
        return found

    def _finding(self, file: File, item: Diagnostic) -> lsp.Diagnostic:
        severity = lsp.DiagnosticSeverity.Error if item.severity == "error" else lsp.DiagnosticSeverity.Warning
        tags = [lsp.DiagnosticTag.Unnecessary] if "unused" in item.message or ("never" in item.message and item.severity == "warning") else None
        message = item.message + (f"\n{item.hint}" if item.hint else "")
        return lsp.Diagnostic(self.range(file, item.span), message, severity, item.code, source="portunus", tags=tags)

    def _finding_elsewhere(self, file: File, where: Path, items: list[Diagnostic]) -> lsp.Diagnostic:
        direct = next((node for target, node in file.uses if target == where), None)
        node = direct or next((node for target, node in file.uses if any(f.path == where for f in self.project.files_of(target))), None)
        span = node.span if node is not None else Span(str(file.path), 1, 1)
        other = self.project.file(where) or File(where, "")
        related = [lsp.DiagnosticRelatedInformation(lsp.Location(self.uri(where), self.range(other, item.span)), item.message) for item in items[:5]]
        count = "1 error" if len(items) == 1 else f"{len(items)} errors"
        return lsp.Diagnostic(self.range(file, span), f"{where.name} has {count}: {items[0].message}", lsp.DiagnosticSeverity.Error, items[0].code,
                              source="portunus", related_information=related)  # fmt: skip


def _line(file: File, line: int) -> list[str]:
    """The lines of a text up to one, as the position codec wants them: only that one has to be right."""
    return [""] * line + [file.source.line(line + 1)]


def create_server() -> SpecServer:
    """A server with all its features."""
    server = SpecServer()

    @server.feature(lsp.SHUTDOWN)
    def shut_down(_: None) -> None:
        server.end()

    @server.feature(lsp.EXIT)
    def leave(_: None) -> None:
        server.end()

    @server.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
    def did_open(params: lsp.DidOpenTextDocumentParams) -> None:
        _take(server, params.text_document.uri)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def did_change(params: lsp.DidChangeTextDocumentParams) -> None:
        _take(server, params.text_document.uri)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def did_close(params: lsp.DidCloseTextDocumentParams) -> None:
        path = path_of(params.text_document.uri)
        server.project.close(path)
        uri = server.uris.pop(path, params.text_document.uri)
        server.versions.pop(path, None)
        server.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, []))
        server.changed(path)

    @server.feature(lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def did_change_files(params: lsp.DidChangeWatchedFilesParams) -> None:
        for change in params.changes:
            server.changed(path_of(change.uri))

    @server.feature(lsp.TEXT_DOCUMENT_COMPLETION, lsp.CompletionOptions(trigger_characters=[".", '"']))
    def completion(params: lsp.CompletionParams) -> lsp.CompletionList:
        file = server.file(params.text_document.uri)
        line, column = server.place(file, params.position)
        found, length = proposals(server.project, file, line, column)
        replaced = server.range(file, Span(str(file.path), line, column - length, length))
        return lsp.CompletionList(False, [_completion(item, replaced) for item in found])

    @server.feature(lsp.TEXT_DOCUMENT_HOVER)
    def hover(params: lsp.HoverParams) -> lsp.Hover | None:
        file = server.file(params.text_document.uri)
        found = server.reader.hover(file, *server.place(file, params.position))
        if found is None:
            return None
        return lsp.Hover(lsp.MarkupContent(lsp.MarkupKind.Markdown, found[0]), server.range(file, found[1]))

    @server.feature(lsp.TEXT_DOCUMENT_DEFINITION)
    def go_to(params: lsp.DefinitionParams) -> lsp.Location | None:
        file = server.file(params.text_document.uri)
        found = definition(server.project, file, *server.place(file, params.position))
        if found is None:
            return None
        target = server.project.file(found[0]) or File(found[0], "")
        return lsp.Location(server.uri(found[0]), server.range(target, found[1]))

    @server.feature(lsp.TEXT_DOCUMENT_REFERENCES)
    def references(params: lsp.ReferenceParams) -> list[lsp.Location]:
        file = server.file(params.text_document.uri)
        return [lsp.Location(server.uri(where.path), server.range(where, span)) for where, span in places(server.project, file, *server.place(file, params.position))[1]]

    @server.feature(lsp.TEXT_DOCUMENT_PREPARE_RENAME)
    def prepare_rename(params: lsp.PrepareRenameParams) -> lsp.Range | None:
        file = server.file(params.text_document.uri)
        line, column = server.place(file, params.position)
        found = named_at(server.project, file, line, column)
        return server.range(file, found[2].span) if found is not None else None

    @server.feature(lsp.TEXT_DOCUMENT_RENAME, lsp.RenameOptions(prepare_provider=True))
    def renamed(params: lsp.RenameParams) -> lsp.WorkspaceEdit:
        file = server.file(params.text_document.uri)
        try:
            found = rename(server.project, file, *server.place(file, params.position), params.new_name)
        except PortunusError as error:
            raise JsonRpcInvalidParams(error.message + (f". {error.hint}" if error.hint else "")) from error
        changes = {server.uri(path): [lsp.TextEdit(server.range(where, span), params.new_name) for where, span in edits] for path, edits in found.items()}
        return lsp.WorkspaceEdit(changes=changes)

    @server.feature(lsp.TEXT_DOCUMENT_FORMATTING)
    def formatting(params: lsp.DocumentFormattingParams) -> list[lsp.TextEdit] | None:
        file = server.file(params.text_document.uri)
        text = file.formatted
        if text is None:
            return None
        if text == file.text:
            return []
        return [lsp.TextEdit(lsp.Range(lsp.Position(0, 0), lsp.Position(file.text.count("\n") + 1, 0)), text)]

    @server.feature(lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    def symbols(params: lsp.DocumentSymbolParams) -> list[lsp.DocumentSymbol]:
        file = server.file(params.text_document.uri)
        return [_symbol(server, file, heading) for heading in outline(file.entries)]

    @server.feature(lsp.TEXT_DOCUMENT_CODE_ACTION, lsp.CodeActionOptions(code_action_kinds=[lsp.CodeActionKind.QuickFix]))
    def actions(params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
        return _repairs(server, server.file(params.text_document.uri), params)

    return server


def _take(server: SpecServer, uri: str) -> None:
    document = server.workspace.get_text_document(uri)
    path = path_of(uri)
    server.uris[path], server.versions[path] = uri, document.version
    server.project.change(path, document.source)
    server.changed(path)


def _completion(item: Proposal, replaced: lsp.Range) -> lsp.CompletionItem:
    documentation = lsp.MarkupContent(lsp.MarkupKind.Markdown, item.meaning) if item.meaning else None
    kind = _COMPLETION_KINDS.get(item.kind, lsp.CompletionItemKind.Value)
    return lsp.CompletionItem(item.text, kind=kind, detail=item.detail or None, documentation=documentation, filter_text=item.text, text_edit=lsp.TextEdit(replaced, item.text))


def _symbol(server: SpecServer, file: File, heading: Heading) -> lsp.DocumentSymbol:
    name = server.range(file, heading.span)
    last = server.range(file, Span(str(file.path), heading.last_line, len(file.source.line(heading.last_line)) + 1, 0)).end
    end = last if (last.line, last.character) > (name.end.line, name.end.character) else name.end
    whole = lsp.Range(lsp.Position(name.start.line, 0), end)
    inside = [_symbol(server, file, inner) for inner in heading.inside]
    return lsp.DocumentSymbol(heading.name or heading.word, _SYMBOL_KINDS.get(heading.word, lsp.SymbolKind.Field), whole, name, heading.word, children=inside)


def _repairs(server: SpecServer, file: File, params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
    """The exact repairs of the findings in a range."""
    found = []
    for item in server.project.checked(file.path).diagnostics:
        if item.span.path != str(file.path) or not item.repair or not params.range.start.line <= item.span.line - 1 <= params.range.end.line:
            continue
        edits = [lsp.TextEdit(server.range(file, edit.span), edit.text) for edit in item.repair]
        edit = lsp.WorkspaceEdit(changes={params.text_document.uri: edits})
        found.append(lsp.CodeAction(item.hint or item.message, lsp.CodeActionKind.QuickFix, edit=edit))
    return found
