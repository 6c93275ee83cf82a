"""The frame of the command line: light, forgiving, and one clear message for every error."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from importlib import import_module

import pytest
import rich_click as click
from click.testing import CliRunner
from sources import ROOT

from portunus.cli import COMMANDS, load, main, printable
from portunus.cli.bench import PARTS
from portunus.errors import PortunusError

HEAVY = ("numpy", "numba", "torch", "ray", "kivy", "mss", "lupa")


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["no-such-command"], ["check", "specs/wotlk/mage_fire.spec"]], ids=lambda a: a[0]
)
def test_light_commands_load_no_heavy_library(arguments: list[str]) -> None:
    result = run_python(f"""
        import sys
        from portunus.cli import main
        try:
            main({arguments!r})
        except SystemExit as end:
            print("exit", end.code)
        print("loaded", [name for name in {HEAVY!r} if name in sys.modules])
    """)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1] == "loaded []"


def test_help_comes_at_once() -> None:
    """The promise is 0.2 s on a quiet machine; here twice that, in processor time of the best of five starts."""

    def seconds() -> float:
        before = os.times()
        subprocess.run([sys.executable, "-m", "portunus", "--help"], cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
        after = os.times()
        return after.children_user - before.children_user + after.children_system - before.children_system

    assert min(seconds() for _ in range(5)) < 0.4


def test_help_names_every_command() -> None:
    result = CliRunner().invoke(main, ["--help"])
    assert result.exit_code == 0
    for name, (audience, _) in COMMANDS.items():
        assert f" {name} " in result.output
        assert audience in result.output


@pytest.mark.parametrize("name", COMMANDS)
def test_command_loads_and_shows_an_example(name: str) -> None:
    assert isinstance(load(name), click.Command)
    result = CliRunner().invoke(main, [name, "--help"])
    assert result.exit_code == 0, result.output
    assert result.output.count(f"portunus {name} ") >= 2, "the help shows its usage and an example"


def test_every_command_file_is_in_the_table() -> None:
    modules = [import_module(f"portunus.cli.{file.stem}") for file in (ROOT / "portunus/cli").glob("*.py") if file.stem != "__init__"]
    with_command = {id(module.command) for module in modules if hasattr(module, "command")}
    parts = {id(import_module(f"portunus.cli.{module}").command) for module in PARTS.values()}
    assert with_command == {id(load(name)) for name in COMMANDS} | parts


def test_unknown_command_names_the_nearest() -> None:
    result = CliRunner().invoke(main, ["comprae"])
    assert result.exit_code == 2
    assert result.stderr.splitlines()[0] == "error: There is no command 'comprae'. Did you mean 'compare'?"


def test_unknown_option_is_one_clear_message() -> None:
    result = CliRunner().invoke(main, ["check", "--no-such-option"])
    assert result.exit_code == 2
    assert result.stderr.startswith("error: No such option")
    assert "portunus check --help" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.fixture
def fails(monkeypatch: pytest.MonkeyPatch):
    """Puts a command named `fails` into the table that raises what it is given."""
    import types

    def plant(error: BaseException) -> None:
        @click.command
        def command() -> None:
            raise error

        module = types.ModuleType("portunus.cli.fails")
        module.command = command  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "portunus.cli.fails", module)
        monkeypatch.setitem(COMMANDS, "fails", ("Start here", "Fails."))

    return plant


@pytest.mark.parametrize("code", [1, 2])
def test_error_is_printed_once_with_its_hint_and_code(fails, code: int) -> None:
    fails(PortunusError("the file x is missing", hint="Make it.", exit_code=code))
    result = CliRunner().invoke(main, ["fails"])
    assert result.exit_code == code
    assert result.stdout == ""
    assert result.stderr == "error: the file x is missing\n  hint: Make it.\n"


def test_error_text_cannot_reach_the_terminal_as_commands(fails) -> None:
    fails(PortunusError("bad name '\x1b[2J\udc80\u202egnp.exe\x07'\nline two"))
    result = CliRunner().invoke(main, ["fails"])
    assert result.exit_code == 2
    assert result.stderr == "error: bad name '\\x1b[2J\\udc80\\u202egnp.exe\\x07'\nline two\n"


def test_interruption_ends_quietly(fails) -> None:
    fails(KeyboardInterrupt())
    result = CliRunner().invoke(main, ["fails"])
    assert result.exit_code == 130
    assert result.output.strip() == ""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interruption_by_signal_cleans_up(number: int, code: int) -> None:
    program = """
        import signal, sys, time, types
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job would have it ignored
        import rich_click
        from portunus.cli import COMMANDS, main

        @rich_click.command
        def command():
            try:
                print("up", flush=True)
                time.sleep(30)
            finally:
                print("down", flush=True)

        sys.modules["portunus.cli.wait"] = types.SimpleNamespace(command=command)
        COMMANDS["wait"] = ("", "")
        main(["wait"])
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    start = time.monotonic()
    process.send_signal(number)
    output, errors = process.communicate(timeout=10)
    assert (output, process.returncode, errors.strip()) == ("down\n", code, "")
    assert time.monotonic() - start < 2


@pytest.mark.parametrize("code_point", [0x1B, 0x7F, 0x85, 0x200B, 0x202E, 0x2066, 0x2028, 0xD800, 0xDFFF, 0xE000, 0xFEFF, 0xE0041, 0x10FFFF])
def test_printable_escapes(code_point: int) -> None:
    text = printable(f"a{chr(code_point)}b")
    assert text.isascii() and "\\" in text


def test_printable_keeps_ordinary_text() -> None:
    text = "Feuerball für Ärzte\n\t^^^ 火球 “quoted”"
    assert printable(text) == text
