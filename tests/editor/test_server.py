"""What the language server answers a real client."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from editor import ROOT, Editor, copy_specs, editor
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException
from record import main

from portunus.dsl import check_file
from portunus.dsl.format import format_text
from portunus.lsp.server import create_server

Story = Callable[[Editor, str, Path], Awaitable[None]]


def tell(folder: Path, story: Story) -> None:
    """Run a story with the fire mage open."""

    async def run() -> None:
        spec = copy_specs(folder)
        async with editor(folder) as ed:
            uri = ed.open(spec)
            assert await ed.findings(uri) == []
            await story(ed, uri, spec)

    asyncio.run(asyncio.wait_for(run(), 60))


def test_findings_follow_the_text(tmp_path: Path) -> None:
    async def story(ed: Editor, uri: str, spec: Path) -> None:
        ed.change(uri, "apply pyroblast_burn", "apply pyroblast_brun")
        (finding, *_) = await ed.findings(uri)
        assert finding.code == "PT401" and "did you mean `pyroblast_burn`?" in finding.message
        line = ed.texts[uri].split("\n")[finding.range.start.line]
        assert line[finding.range.start.character : finding.range.end.character] == "pyroblast_brun"
        mended = await ed.client.text_document_code_action_async(
            lsp.CodeActionParams(lsp.TextDocumentIdentifier(uri), finding.range, lsp.CodeActionContext([finding]))
        )
        assert mended is not None
        edit = next(action.edit for action in mended if isinstance(action, lsp.CodeAction) and action.edit)
        assert edit is not None and edit.changes is not None
        assert ed.applied(list(edit.changes[uri]), uri) == spec.read_text(encoding="utf-8")
        ed.change(uri, "apply pyroblast_brun", "apply pyroblast_burn")
        assert await ed.findings(uri) == []

    tell(tmp_path, story)


def test_a_mistake_in_a_used_file_is_seen_where_it_is_used(tmp_path: Path) -> None:
    async def story(ed: Editor, uri: str, spec: Path) -> None:
        parent = ed.open(spec.with_name("mage.spec"))
        await ed.findings(parent)
        ed.change(parent, "glyph fireball     42739", "glyph fierball     42739")  # not saved
        await ed.until(uri, lambda found: any("glyph" in finding.message for finding in found))
        ed.change(parent, "resource mana", "resourse mana")
        found = await ed.until(uri, lambda found: any(finding.related_information for finding in found))
        elsewhere = next(f for f in found if f.related_information)
        assert ed.texts[uri].split("\n")[elsewhere.range.start.line].startswith('use "mage.spec"')
        assert elsewhere.related_information is not None and elsewhere.related_information[0].location.uri == parent
        ed.client.text_document_did_close(lsp.DidCloseTextDocumentParams(lsp.TextDocumentIdentifier(parent)))
        await ed.until(uri, lambda found: not found)
        assert list(ed.published[parent][-1].diagnostics) == []

    tell(tmp_path, story)


SCORCH = "id 42859    school fire"
# What is put in the place of a piece of the spec, with the cursor at `|`; what must be offered, what must not, or all that may be.
COMPLETIONS: list[tuple[str, str, set[str], set[str]]] = [
    (SCORCH, SCORCH + "\n    c|", {"cast", "cost", "cooldown", "crit_chance", "channel"}, {"class", "damage", "choose"}),
    (SCORCH, SCORCH + "   |", {"cast", "on"}, {"spell"}),
    (SCORCH, SCORCH + "\n    requires buff.hot|", {"buff.hot_streak.", "buff.hot_streak_counter."}, {"buff.ignite."}),
    (SCORCH, SCORCH + "\n    requires buff.hot_streak.|", {"buff.hot_streak.up", "buff.hot_streak.remains"}, set()),
    (SCORCH, SCORCH + "\n    requires buff.combustion_power.|", {"buff.combustion_power.crits", "buff.combustion_power.stacks"}, set()),
    (SCORCH, SCORCH + "\n    requires talent.ig|", {"talent.ignite"}, {"talent.frostbite"}),
    (SCORCH, SCORCH + "\n    requires cooldown.|", {"cooldown.combustion.", "cooldown.fire_blast."}, {"cooldown.fireball."}),
    (SCORCH, SCORCH + "\n    cooldown 8|", {"8s", "8min", "8ms"}, {"8", "cast"}),
    (SCORCH, SCORCH + "\n    multiplier 1 + spell_|", {"spell_power", "spell_crit"}, {"spell"}),
    (SCORCH, SCORCH + "\n    on |", {"start", "cast", "land"}, {"hit", "tick"}),
    ("remove hot_streak_counter\n          apply hot_streak", "remove hot_streak_counter\n          apply hot_|", {"hot_streak", "hot_streak_counter"}, {"scorch"}),
    ("on expire { trigger living_bomb_explosion }", "on expire { t| }", {"trigger"}, {"ticks", "talents"}),
    ("on expire { trigger living_bomb_explosion }", "on expire { trigger | }", {"living_bomb_explosion"}, {"ignite", "fire"}),
    ("    fireball\n  }", "    fireball\n    py|\n  }", {"pyroblast"}, {"property"}),
    ("    fireball\n  }", "    fireball\n    scorch if fig|\n  }", {"fight.time", "fight.remains"}, set()),
    ("    fireball\n  }", "    fireball\n    scorch i|\n  }", {"if"}, set()),
    ("role ranged_dps", "role |", {"ranged_dps", "tank"}, {"spell"}),
    ("modify damage_done by 1 + 1% * talent.playing_with_fire", "modify damage_done |", {"by"}, {"for"}),
    ("modify damage_done by 1 + 1% * talent.playing_with_fire", "modify damage_done by 1.1 for fireball, |", {"scorch", "direct"}, {"by"}),
    ("aura ignite on target", "aura ignite on |", {"target"}, set()),
    ('use "mage.spec"', 'use "ma|"', {"mage.spec"}, {"ruleset.spec"}),
    ("# Fire mage:", "# Fire c|", set(), {"class", "cast"}),
]  # fmt: skip


def test_completion_knows_the_place(tmp_path: Path) -> None:
    async def story(ed: Editor, uri: str, spec: Path) -> None:
        good = ed.texts[uri]
        for old, new, offered, refused in COMPLETIONS:
            assert good.count(old) == 1, old
            text = good.replace(old, new.replace("|", ""))
            ed.send(uri, text)
            where = lsp.CompletionParams(lsp.TextDocumentIdentifier(uri), ed.at(uri, good.index(old) + new.index("|")))
            found = await ed.client.text_document_completion_async(where)
            assert isinstance(found, lsp.CompletionList)
            labels = {item.label for item in found.items}
            assert offered <= labels, (new, offered - labels)
            assert not refused & labels, (new, refused & labels)
            for item in found.items[:1]:
                assert isinstance(item.text_edit, lsp.TextEdit)
                assert item.label in ed.applied([item.text_edit], uri)
                assert item.text_edit.range.end == where.position

    tell(tmp_path, story)


def test_hover_shows_numbers_of_the_default_profile(tmp_path: Path) -> None:
    async def story(ed: Editor, uri: str, spec: Path) -> None:
        cast = await ed.hover(uri, "id 42833   school fire\n    cast")
        assert "Its cast time before haste" in cast and "**2.85 s** for mage_fire.toml" in cast
        assert "5 ranks; mage_fire.toml has 5" in await ed.hover(uri, "0.1s * talent.improved_fireball")
        spell = await ed.hover(uri, "spell fireball")
        assert '"Fireball": a spell' in spell and "- cast 2.85 s" in spell and "- missile 24 yd/s" in spell and "- damage 3,773 to 4,018" in spell
        assert "an aura on the player" in await ed.hover(uri, "instant_if buff.hot_streak")
        assert "= **2,500** for mage_fire.toml" in await ed.hover(uri, "1210..1531 + (115% + 5% * talent.empowered_fire) * spell_power")
        assert "3,773 to 4,018" in await ed.hover(uri, "damage 898..1143 +")
        assert "the index" in (await ed.hover(uri, "by pick")).lower() or "pick(" in await ed.hover(uri, "by pick")
        assert "worn by" in await ed.hover(uri, "0.15s * glyph.fireball")
        assert await ed.hover(uri, "# Fire mage") == ""

    tell(tmp_path, story)


def test_definition_across_files(tmp_path: Path) -> None:
    async def story(ed: Editor, uri: str, spec: Path) -> None:
        async def line_of(text: str) -> tuple[str, str]:
            found = await ed.client.text_document_definition_async(lsp.DefinitionParams(**ed.after(uri, text)))
            assert isinstance(found, lsp.Location)
            path = Path(found.uri.removeprefix("file://"))
            return path.name, path.read_text().split("\n")[found.range.start.line].strip()

        assert (await line_of("instant_if buff.hot_streak"))[1].startswith('aura hot_streak "Hot Streak"')
        name, line = await line_of("0.1s * talent.improved_fireball")
        assert name == "mage.spec" and "improved_fireball 5" in line
        assert (await line_of("cost 19% * base_mana"))[1].startswith('resource mana "Mana"')
        assert (await line_of('use "mage.spec'))[0] == "mage.spec"
        assert (await line_of('profile "mage_fire'))[0] == "mage_fire.toml"
        nowhere = await ed.client.text_document_definition_async(lsp.DefinitionParams(**ed.after(uri, "role ranged_dps")))
        assert nowhere is None

    tell(tmp_path, story)


def test_rename_across_use(tmp_path: Path) -> None:
    async def story(ed: Editor, uri: str, spec: Path) -> None:
        def ask(text: str, new: str) -> Awaitable[lsp.WorkspaceEdit | None]:
            return ed.client.text_document_rename_async(lsp.RenameParams(new_name=new, **ed.after(uri, text)))

        edit = await ask("0.1s * talent.improved_fireball", "quicker_fireball")
        assert edit is not None and edit.changes is not None
        assert {Path(u).name for u in edit.changes} == {"mage.spec", "mage_fire.spec"}
        for changed, edits in edit.changes.items():
            path = Path(changed.removeprefix("file://"))
            ed.texts.setdefault(changed, path.read_text())
            path.write_text(ed.applied(list(edits), changed))
        assert check_file(spec) == []
        assert "improved_fireball" not in spec.read_text() + spec.with_name("mage.spec").read_text()
        edit = await ask("values crits", "strikes")
        assert edit is not None and edit.changes is not None and len(edit.changes[uri]) == len(re.findall(r"\bcrits\b", spec.read_text()))
        for text, new, message in (("spell fireball", "Fire Ball", "cannot be a name"), ("spell fireball", "talent", "meaning of its own"),
                                   ("spell fireball", "scorch", "already a name"), ("role ranged_dps", "x", "no name here")):
            with pytest.raises(JsonRpcException, match=message):
                await ask(text, new)
        assert await ed.client.text_document_prepare_rename_async(lsp.PrepareRenameParams(**ed.after(uri, "role ranged_dps"))) is None

    tell(tmp_path, story)


def test_references_formatting_and_outline(tmp_path: Path) -> None:
    async def story(ed: Editor, uri: str, spec: Path) -> None:
        found = await ed.client.text_document_references_async(
            lsp.ReferenceParams(context=lsp.ReferenceContext(True), **ed.after(uri, "aura combustion_power"))
        )
        assert found is not None and len(found) == ed.texts[uri].count("combustion_power")
        document = lsp.TextDocumentIdentifier(uri)
        ed.change(uri, "cast 1.5s   cost 8% * base_mana", "cast   1.5s cost 8%*base_mana")
        edits = await ed.client.text_document_formatting_async(lsp.DocumentFormattingParams(document, lsp.FormattingOptions(2, True)))
        assert edits is not None
        assert ed.applied(list(edits), uri) == format_text(ed.texts[uri]) == spec.read_text(encoding="utf-8")
        ed.change(uri, "cast   1.5s cost", "cast   1.5s ) cost")
        assert await ed.client.text_document_formatting_async(lsp.DocumentFormattingParams(document, lsp.FormattingOptions(2, True))) is None
        symbols = await ed.client.text_document_document_symbol_async(lsp.DocumentSymbolParams(document))
        assert symbols is not None
        (mage,) = symbols
        assert isinstance(mage, lsp.DocumentSymbol) and mage.name == "mage_fire"
        assert {"fireball", "hot_streak", "mirror_images", "default", "mana stays in range"} <= {inner.name for inner in mage.children or ()}
        pet = next(inner for inner in mage.children or () if inner.name == "mirror_images")
        assert {"image_fire_blast", "image_frostbolt"} <= {inner.name for inner in pet.children or ()}

    tell(tmp_path, story)


@pytest.mark.parametrize("encoding", [lsp.PositionEncodingKind.Utf16, lsp.PositionEncodingKind.Utf8, lsp.PositionEncodingKind.Utf32])
def test_columns_are_counted_as_the_client_does(tmp_path: Path, encoding: lsp.PositionEncodingKind) -> None:
    async def run() -> None:
        spec = copy_specs(tmp_path)
        text = spec.read_text().replace('spell scorch "Scorch" {', 'spell scorch "\U0001f525 ß" { gdc none')
        async with editor(tmp_path, encodings=[encoding]) as ed:
            uri = ed.open(spec, text)
            found = next(f for f in await ed.findings(uri) if "gdc" in f.message)
            line = text.split("\n")[found.range.start.line]
            before = line[: line.index("gdc")]
            units = {"utf-16": len(before.encode("utf-16-le")) // 2, "utf-8": len(before.encode()), "utf-32": len(before)}[encoding.value]
            assert (found.range.start.character, found.range.end.character) == (units, units + 3)

    asyncio.run(asyncio.wait_for(run(), 60))


def test_the_recorded_session_is_what_is_said(tmp_path: Path) -> None:
    main(tmp_path / "session.md")
    recorded = Path("docs/editor-session.md").read_text(encoding="utf-8")
    assert (tmp_path / "session.md").read_text(encoding="utf-8") == recorded, "run: PYTHONPATH=.:tests/editor python tests/editor/record.py docs/editor-session.md"


@pytest.mark.parametrize("message", [lsp.SHUTDOWN, lsp.EXIT])
def test_a_server_that_ends_checks_nothing_more(message: str) -> None:
    """Findings sent while the pipes are being closed kept the process alive for ever."""

    async def run() -> None:
        server, path = create_server(), ROOT / "specs" / "wotlk" / "mage_fire.spec"
        server.changed(path)
        waiting = server._waiting
        assert waiting is not None and not waiting.cancelled()
        server.protocol.fm.features[message](None)
        assert waiting.cancelled()
        server.changed(path)
        assert server._waiting is waiting

    asyncio.run(run())
