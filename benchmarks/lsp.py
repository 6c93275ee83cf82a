"""How soon the language server answers a real client: `PYTHONPATH=. python benchmarks/lsp.py [SPEC]`, by default with the longest shipped file."""

from __future__ import annotations

import asyncio
import random
import re
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "editor"))
from editor import ROOT, editor
from lsprotocol import types as lsp

TIMES = 100


async def timed(name: str, times: int, ask: Callable[[int], Awaitable[object]], then: Callable[[], Awaitable[object]] | None = None) -> None:
    """Ask some times and print the milliseconds until the answer; what is done `then`, before the next time, does not count."""
    taken = []
    for number in range(times):
        start = time.perf_counter()
        await ask(number)
        taken.append((time.perf_counter() - start) * 1e3)
        if then is not None:
            await then()
    taken.sort()
    print(f"{name:34} {times:4} times   p50 {taken[times // 2]:6.1f}   p95 {taken[int(times * 0.95)]:6.1f}   max {taken[-1]:6.1f} ms", flush=True)


async def main(spec: Path) -> None:
    """Measure every kind of request."""
    print(f"{spec.relative_to(ROOT)}, {len(spec.read_text(encoding='utf-8').splitlines())} lines")
    async with editor(ROOT) as ed:
        uri = ed.open(spec)
        await ed.findings(uri)
        text, dice, client, document = ed.texts[uri], random.Random(1), ed.client, lsp.TextDocumentIdentifier(uri)
        names = [match.start() + 2 for match in re.finditer(r"[a-z_]{4,}", text)]

        def place() -> dict[str, Any]:
            return {"text_document": document, "position": ed.at(uri, dice.choice(names))}

        async def change(number: int) -> None:
            ed.send(uri, f"{text}# {number}\n")
            await ed.findings(uri)

        async def change_and_complete(number: int) -> None:
            ed.send(uri, f"{text}# again {number}\n")
            await client.text_document_completion_async(lsp.CompletionParams(**place()))

        async def change_and_format(number: int) -> None:
            ed.send(uri, f"{text}#  {number}\n")
            await client.text_document_formatting_async(lsp.DocumentFormattingParams(document, lsp.FormattingOptions(2, True)))

        async def change_and_hover(number: int) -> None:
            where = place()
            ed.send(uri, text.replace("{", "{  ", number % 9 + 1))
            await client.text_document_hover_async(lsp.HoverParams(**where))

        await timed("change to findings", TIMES, change)
        await timed("completion", TIMES, lambda _: client.text_document_completion_async(lsp.CompletionParams(**place())))
        await timed("hover", TIMES, lambda _: client.text_document_hover_async(lsp.HoverParams(**place())))
        await timed("definition", TIMES, lambda _: client.text_document_definition_async(lsp.DefinitionParams(**place())))
        await timed("references", TIMES, lambda _: client.text_document_references_async(lsp.ReferenceParams(context=lsp.ReferenceContext(True), **place())))
        await timed("prepare rename", TIMES, lambda _: client.text_document_prepare_rename_async(lsp.PrepareRenameParams(**place())))
        await timed("outline", TIMES, lambda _: client.text_document_document_symbol_async(lsp.DocumentSymbolParams(document)))
        await timed("formatting at once after a change", TIMES, change_and_format, lambda: ed.findings(uri))
        await timed("hover at once after a change", TIMES, change_and_hover, lambda: ed.findings(uri))
        await timed("completion at once after a change", TIMES, change_and_complete, lambda: ed.findings(uri))


if __name__ == "__main__":
    longest = max((ROOT / "specs").rglob("*.spec"), key=lambda path: path.stat().st_size)
    asyncio.run(main(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else longest))
