"""The command `portunus`: a table of commands that load when called, and the one place where errors become text.

Each command is one file in this folder that exports a click command named `command`. `portunus --help` reads only `COMMANDS`,
so it starts none of the heavy libraries.
"""

from __future__ import annotations

import signal
import sys
import unicodedata
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import rich_click as click

from portunus import __version__
from portunus.errors import PortunusError, nearest

if TYPE_CHECKING:
    from rich_click.utils import CommandGroupDict

COMMANDS: dict[str, tuple[str, str]] = {
    # name: (for whom, what it does in one line)
    "demo": ("Start here", "Run the whole chain on the fire mage and show what was measured."),
    "check": ("Theorycrafters: write a spec and measure it", "Find every mistake in spec files."),
    "rule": ("Theorycrafters: write a spec and measure it", "Explain a code of `check`, with a bad example and a good one."),
    "fmt": ("Theorycrafters: write a spec and measure it", "Write spec files in the one canonical format."),
    "explain": ("Theorycrafters: write a spec and measure it", "Show what a spec means, stage by stage."),
    "test": ("Theorycrafters: write a spec and measure it", "Look for fights that break a law of a spec or one of its properties."),
    "diff": ("Theorycrafters: write a spec and measure it", "Say what changed in meaning between two specs."),
    "lsp": ("Theorycrafters: write a spec and measure it", "Serve editors: findings as you type, completion, hover, rename."),
    "sim": ("Theorycrafters: write a spec and measure it", "Simulate many fights and print damage, casts and uptimes."),
    "compare": ("Theorycrafters: write a spec and measure it", "Compare with reference results of another simulator."),
    "import": ("Theorycrafters: write a spec and measure it", "Turn a priority list of the wowsims simulators into a rotation."),
    "addon": ("Players: see what to press next", "Write the game addon for a spec."),
    "overlay": ("Players: see what to press next", "Open the window that shows the next action and why."),
    "client": ("Players: see what to press next", "Open a stand-in for the game that runs the addon on a simulated fight."),
    "plan": ("Researchers: search and train", "Search for the best next action and say why, or play whole fights."),
    "serve": ("Researchers: search and train", "Answer another program: what to do next, as JSON lines on standard input and output."),
    "train": ("Researchers: search and train", "Train a network by self-play."),
    "evaluate": ("Researchers: search and train", "Measure a trained network against the default rotation."),
    "compile": ("Developers: look inside and measure", "Compile a spec to machine code, or show the generated source."),
    "bench": ("Developers: look inside and measure", "Measure simulation speed and compile time on this machine."),
}
_FILES = {"import": "importlist"}  # commands whose name cannot be a module's


def load(name: str) -> click.Command:
    """Import one command of `COMMANDS`."""
    command: click.Command = import_module(f"{__name__}.{_FILES.get(name, name)}").command
    return command


def printable(text: str) -> str:
    """`text` with every character escaped that could move a cursor, hide text or fail to be written.

    Line breaks and tabs stay; other control and format characters (terminal escapes, direction marks, lone surrogates) become `\\x1b`.
    """

    def escape(character: str) -> str:
        if character in "\n\t" or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
            return character
        return character.encode("ascii", "backslashreplace").decode() if ord(character) > 127 else f"\\x{ord(character):02x}"

    return "".join(map(escape, text))


def report_error(error: PortunusError) -> None:
    """Print a user's error on stderr: `error: message`, and the hint on a line of its own."""
    text = f"error: {error.message}"
    if error.hint:
        text += f"\n  hint: {error.hint}"
    print(printable(text), file=sys.stderr)


class CommandTable(click.RichGroup):
    """A click group whose commands are imported when they are run, not when they are listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names in the order of `COMMANDS`."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A stand-in with the one-line help for listings; `resolve_command` gives the command itself."""
        if cmd_name not in COMMANDS:
            return None
        return click.RichCommand(name=cmd_name, short_help=COMMANDS[cmd_name][1], help=COMMANDS[cmd_name][1])

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """Import the command that is about to run.

        Raises:
            click.UsageError: There is no such command; names the nearest one.
        """
        name = args[0]
        if name not in COMMANDS:
            if ctx.resilient_parsing:
                return None, None, args[1:]
            close = nearest(name, tuple(COMMANDS))
            advice = f" Did you mean {close!r}?" if close else ""
            raise click.UsageError(f"There is no command {printable(name)!r}.{advice}", ctx)
        return name, load(name), args[1:]

    def main(self, args: Sequence[str] | None = None, *, standalone_mode: bool = True, **extra: Any) -> Any:  # type: ignore[override]  # click states this as overloads
        """Run the command line; a user's error becomes one message and an exit code, an interruption exit code 130.

        Raises:
            SystemExit: Always, with the exit code, unless `standalone_mode` is false.
        """
        extra["prog_name"] = "portunus"
        if not standalone_mode:
            return super().main(args, standalone_mode=False, **extra)
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")
        signal.signal(signal.SIGTERM, _ended)
        try:
            value = super().main(args, standalone_mode=False, **extra)
        except PortunusError as error:
            report_error(error)
            sys.exit(error.exit_code)
        except click.ClickException as error:
            where = getattr(error, "ctx", None)
            hint = f"{where.command_path} --help" if where is not None else "portunus --help"
            report_error(PortunusError(error.format_message(), hint=f"see {hint}"))
            sys.exit(2)
        except click.Abort:
            sys.exit(130)
        sys.exit(value if isinstance(value, int) else 0)


def _ended(number: int, frame: object) -> None:
    """Leave on SIGTERM as on any other end, so that windows, screens and processes that were opened are closed."""
    sys.exit(128 + number)


def _groups() -> dict[str, list[CommandGroupDict]]:
    audiences = dict.fromkeys(audience for audience, _ in COMMANDS.values())
    return {"*": [{"name": audience, "commands": [n for n, (a, _) in COMMANDS.items() if a == audience]} for audience in audiences]}


@click.group(
    cls=CommandTable,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="portunus COMMAND --help shows an example of each command.",
)
@click.rich_config(help_config=click.RichHelpConfiguration(command_groups=_groups(), max_width=120))
@click.version_option(__version__, prog_name="portunus")
def main() -> None:
    """Find the best next action for a World of Warcraft damage dealer, and prove it.

    One file, the spec, says what a class specialisation is. Everything else follows from it.
    """
