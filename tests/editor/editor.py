"""A real client of the language server, over standard input and output."""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from lsprotocol import types as lsp
from pygls.lsp.client import LanguageClient

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "tests" / "language" / "sample"


def copy_specs(folder: Path) -> Path:
    """The sample specs in a folder of their own, called `specs`; returns the fire mage."""
    target = folder / "specs" / "wotlk"
    (target / "profiles").mkdir(parents=True)
    for path in SAMPLE.glob("*.spec"):
        shutil.copy(path, target)
    shutil.copy(ROOT / "specs" / "wotlk" / "profiles" / "mage_fire.toml", target / "profiles")
    return target / "mage_fire.spec"


class Editor:
    """An editor with files open; positions are found by the text around them."""

    def __init__(self, client: LanguageClient) -> None:
        self.client = client
        self.texts: dict[str, str] = {}
        self.versions: dict[str, int] = {}
        self.published: dict[str, list[lsp.PublishDiagnosticsParams]] = {}
        self._news = asyncio.Event()

        @client.feature(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def published(params: lsp.PublishDiagnosticsParams) -> None:
            self.published.setdefault(params.uri, []).append(params)
            self._news.set()

    def open(self, path: Path, text: str | None = None) -> str:
        """Open a file; returns its uri."""
        uri = path.as_uri()
        self.texts[uri], self.versions[uri] = path.read_text(encoding="utf-8") if text is None else text, 1
        self.client.text_document_did_open(lsp.DidOpenTextDocumentParams(lsp.TextDocumentItem(uri, "portunus", 1, self.texts[uri])))
        return uri

    def change(self, uri: str, old: str, new: str) -> None:
        """Replace a piece of text that occurs once, as one incremental change."""
        text = self.texts[uri]
        assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times"
        start = text.index(old)
        edit = lsp.TextDocumentContentChangePartial(lsp.Range(self.at(uri, start), self.at(uri, start + len(old))), new)
        self.send(uri, text.replace(old, new), [edit])

    def send(self, uri: str, text: str, changes: list[Any] | None = None) -> None:
        """Give a document another text, whole if no changes are given."""
        self.texts[uri] = text
        self.versions[uri] += 1
        content = changes or [lsp.TextDocumentContentChangeWholeDocument(text)]
        self.client.text_document_did_change(lsp.DidChangeTextDocumentParams(lsp.VersionedTextDocumentIdentifier(self.versions[uri], uri), content))

    async def findings(self, uri: str, *, timeout: float = 20.0) -> list[lsp.Diagnostic]:
        """The findings of the newest version of a document."""
        end = time.monotonic() + timeout
        while not (self.published.get(uri) and self.published[uri][-1].version == self.versions[uri]):
            self._news.clear()
            await asyncio.wait_for(self._news.wait(), end - time.monotonic())
        return list(self.published[uri][-1].diagnostics)

    async def until(self, uri: str, holds: Callable[[list[lsp.Diagnostic]], bool], *, timeout: float = 20.0) -> list[lsp.Diagnostic]:
        """The findings published last for a document, once they are as they should be."""
        end = time.monotonic() + timeout
        while not (self.published.get(uri) and holds(list(self.published[uri][-1].diagnostics))):
            self._news.clear()
            await asyncio.wait_for(self._news.wait(), end - time.monotonic())
        return list(self.published[uri][-1].diagnostics)

    def at(self, uri: str, offset: int) -> lsp.Position:
        """The position of a character offset, in UTF-16 units."""
        before = self.texts[uri][:offset]
        return lsp.Position(before.count("\n"), len(before[before.rfind("\n") + 1 :].encode("utf-16-le")) // 2)

    def after(self, uri: str, text: str) -> dict[str, Any]:
        """Document and position just behind a piece of text that occurs once."""
        assert self.texts[uri].count(text) == 1, f"{text!r} occurs {self.texts[uri].count(text)} times"
        return {"text_document": lsp.TextDocumentIdentifier(uri), "position": self.at(uri, self.texts[uri].index(text) + len(text))}

    async def complete(self, uri: str, text: str) -> list[str]:
        """What completion offers just behind a piece of text."""
        found = await self.client.text_document_completion_async(lsp.CompletionParams(**self.after(uri, text)))
        assert isinstance(found, lsp.CompletionList)
        return [item.label for item in found.items]

    async def hover(self, uri: str, text: str) -> str:
        """What hovering over the last character of a piece of text shows, "" for nothing."""
        where = self.after(uri, text)
        where["position"] = lsp.Position(where["position"].line, where["position"].character - 1)
        found = await self.client.text_document_hover_async(lsp.HoverParams(**where))
        assert found is None or isinstance(found.contents, lsp.MarkupContent)
        return found.contents.value if found is not None else ""  # type: ignore[union-attr]

    def applied(self, edits: list[lsp.TextEdit], uri: str) -> str:
        """A document's text after edits."""
        lines = self.texts[uri].split("\n")
        starts = [0]
        for line in lines:
            starts.append(starts[-1] + len(line) + 1)

        def offset(position: lsp.Position) -> int:
            if position.line >= len(lines):
                return len(self.texts[uri])
            units = lines[position.line].encode("utf-16-le")[: position.character * 2].decode("utf-16-le")
            return starts[position.line] + len(units)

        text = self.texts[uri]
        for edit in sorted(edits, key=lambda e: (-e.range.start.line, -e.range.start.character)):
            text = text[: offset(edit.range.start)] + edit.new_text + text[offset(edit.range.end) :]
        return text


@asynccontextmanager
async def editor(folder: Path, *, encodings: list[lsp.PositionEncodingKind] | None = None) -> AsyncIterator[Editor]:
    """An editor with its server, ended in order."""
    client = LanguageClient("test-editor", "1")
    await client.start_io(sys.executable, "-m", "portunus", "lsp", cwd=str(ROOT))
    try:
        general = lsp.GeneralClientCapabilities(position_encodings=encodings)
        await client.initialize_async(lsp.InitializeParams(lsp.ClientCapabilities(general=general), root_uri=folder.as_uri()))
        client.initialized(lsp.InitializedParams())
        yield Editor(client)
        await client.shutdown_async(None)
    finally:
        client.exit(None)
        await asyncio.wait_for(client.stop(), 20)
