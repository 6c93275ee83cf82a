"""A session with the language server, message by message: `PYTHONPATH=. python tests/editor/record.py docs/editor-session.md` writes it down."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from editor import copy_specs

from portunus.files import write_atomic

HEAD = """# A session with the language server

What an editor and `portunus lsp` say to each other over standard input and output, recorded by `tests/editor/record.py` with the fire mage of the tests.
Long answers are cut (`...`).
"""


class Session:
    """A client that writes down what is said."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.said, self.number = folder, [HEAD], 0
        self.server = subprocess.Popen([sys.executable, "-m", "portunus", "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def send(self, method: str, params: Any, *, ask: bool) -> None:
        """Send a notification or a request."""
        message: dict[str, Any] = {"jsonrpc": "2.0", "method": method, "params": params}
        if ask:
            self.number += 1
            message["id"] = self.number
        body = json.dumps(message).encode()
        assert self.server.stdin is not None
        self.server.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.server.stdin.flush()

    def read(self, wanted: str) -> dict[str, Any]:
        """The next answer, or the next notification of that name."""
        assert self.server.stdout is not None
        while True:
            length = 0
            while line := self.server.stdout.readline().strip():
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            message = json.loads(self.server.stdout.read(length))
            if message.get("method") == wanted or (not wanted and message.get("id") == self.number):
                return message

    def findings(self, version: int) -> dict[str, Any]:
        """What is published for a version of the text."""
        while True:
            found = self.read("textDocument/publishDiagnostics")["params"]
            if found.get("version") == version:
                return found

    def note(self, title: str, sent: Any, answer: Any) -> None:
        """Write an exchange down."""
        parts = [f"\n## {title}\n", "```text", self._short(sent), "```", "", "```text", self._short(answer), "```"]
        self.said.append("\n".join(parts) + "\n")

    def _short(self, value: Any) -> str:
        text = json.dumps(value, indent=1, ensure_ascii=False).replace(self.folder.as_uri(), "file:///home/me").replace(str(self.folder), "/home/me")
        lines = text.split("\n")
        return "\n".join(line[:150] for line in lines[:26]) + ("\n..." if len(lines) > 26 else "")


def main(document: Path) -> None:
    """Record the session."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = copy_specs(folder)
        uri, text = path.as_uri(), path.read_text(encoding="utf-8")
        broken = text.replace("if buff.hot_streak.up\n    multidot", "if buff.hot_streek.up\n    multidot")
        session = Session(folder)
        session.send("initialize", {"processId": None, "rootUri": folder.as_uri(), "capabilities": {}}, ask=True)
        session.read("")
        session.send("initialized", {}, ask=False)
        session.send("textDocument/didOpen", {"textDocument": {"uri": uri, "languageId": "portunus", "version": 1, "text": broken}}, ask=False)
        found = session.findings(1)
        session.note("A file with a mistake is opened; its finding comes", {"method": "textDocument/didOpen", "line": broken.split("\n")[place(broken, "hot_streek")[0]]}, found)
        session.send("textDocument/didChange", {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [{"text": text}]}, ask=False)
        session.note("It is mended", {"method": "textDocument/didChange"}, session.findings(2))
        for title, method, word, more in (
            ("Hover over a spell of the list", "textDocument/hover", "scorch      if debuff", {}), ("Completion after `buff.`", "textDocument/completion", "hot_streak.up", {}),
            ("Where an aura is defined", "textDocument/definition", "hot_streak.up", {}),
            ("Another name for it, in every file that uses it", "textDocument/rename", "hot_streak.up", {"newName": "heating_up"}),
        ):  # fmt: skip
            line, column = place(text, word)
            params = {"textDocument": {"uri": uri}, "position": {"line": line, "character": column}, **more}
            session.send(method, params, ask=True)
            session.note(title, {"method": method, "params": params}, session.read("")["result"])
        session.send("shutdown", None, ask=True)
        session.read("")
        session.send("exit", None, ask=False)
        session.server.communicate(timeout=30)
    write_atomic(document, "".join(session.said))


def place(text: str, word: str) -> tuple[int, int]:
    """Line and column of a piece of text, from 0."""
    before = text[: text.index(word)]
    return before.count("\n"), len(before) - before.rfind("\n") - 1


if __name__ == "__main__":
    main(Path(sys.argv[1]))
