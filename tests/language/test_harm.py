"""Specs that pass every check and still mean harm to whoever runs them: endless fights, absurd numbers, names taken from the engine."""

from __future__ import annotations

import ast
import keyword
import time
from pathlib import Path

import pytest

from portunus.codegen.numba import engine_module
from portunus.codegen.python import Twin
from portunus.compiler import resolve_encounter, tables_of
from portunus.dsl.catalogue import SAMPLE
from portunus.dsl.checks.clashes import ENGINE, names
from portunus.dsl.load import check_file, examine, load_model
from portunus.errors import PortunusError
from portunus.ir import program
from portunus.ir.layout import build_layout
from portunus.ir.program import lower
from portunus.ir.scripts import follow_script
from portunus.runtime.signature import FAULTS
from portunus.sim.profile import profile_from_dict

ON_BOLT = "\n  on cast of bolt { apply z }"
TOO_MANY = next(bit for bit, text in FAULTS.items() if text.startswith("more events"))
# What would not end -> how it is stopped: a code, words of an error, a fault of the fight; "" = it does end.
LOOPS: list[tuple[str, str, str]] = [
    ("a spell without time", "  spell free { id 7   gcd none }\n  rotation r { free }", "PT408"),
    ("a cast of no time", "  spell free { id 7   cast 0s   gcd 0s   cooldown 0s }\n  rotation r { free }", "PT408"),
    ("a refunded cost", "  spell free { id 7   gcd none   cost 5   on cast { gain 5 mana } }\n  rotation r { free }", "fault"),
    ("a cooldown of no rank", "  spell free { id 7   gcd none   cooldown 5s * talent.ignite }\n  rotation r { free }", "fault"),
    ("a negative cast", "  spell free { id 7   gcd none   cast 1s - 5s * option.armor }\n  rotation r { free }", "fault"),
    ("a true condition", "  spell free { id 7   gcd none   requires mana >= 0 }\n  rotation r { free }", "fault"),
    ("a channel of no time", "  aura z { id 8   ticks 1   every 1s * talent.ignite }\n  spell c { id 9   gcd none   channel z }\n  rotation r { c }", "fault"),
    ("an aura that renews itself", "  aura z { id 8   duration 1s * talent.ignite   on expire { apply z } }" + ON_BOLT, "fault"),
    ("an aura by way of a spell", "  spell t { id 7   triggered   on cast { apply z } }\n  aura z { id 8   duration 1s * talent.ignite   on expire { trigger t } }" + ON_BOLT, "fault"),
    ("auras that remove each other", "  aura z { id 8   duration 5s   on expire { apply y   remove y } }\n  aura y { id 9   duration 5s   on expire { apply z   remove z } }" + ON_BOLT, "trigger themselves"),
    ("a tick that renews itself", "  aura z { id 8   ticks 5   every 1s * talent.ignite   on tick { apply z } }" + ON_BOLT, "trigger themselves"),
    ("a hit that hits", "  spell t { id 7   school fire   triggered   on cast { damage 5 } }\n  on hit of t { trigger t }", "PT407"),
    ("two that trigger each other", "  spell a { id 7   triggered   on cast { trigger b } }\n  spell b { id 8   triggered   on cast { trigger a } }", "PT407"),
    ("an aura of a thousandth", "  aura z { id 8   duration 1ms   on expire { apply z } }" + ON_BOLT, ""),
    ("haste without measure", "  aura z { id 8   duration 100s   modify cast_speed by 1000000000000 }" + ON_BOLT, ""),
    ("a pet without time", "  pet p { spell ps { id 10   gcd none }\n choose ps }\n  on cast of bolt { summon p for 100s }", ""),
    ("a group of itself", "  group g g\n  on hit of g { apply rage }", "PT406"),
    ("a statistic of itself", "  let a b\n  let b a", "PT406"),
    ("a file of itself", '}\nuse "main.spec"\nspec other {', "PT203"),
    ("missiles without end", "  spell free { id 7   school fire   gcd none   missile 1yd/s   requires mana >= 0   on cast { damage 1 } }\n  rotation r { free }", "fault"),
]


def play(path: Path, example: str, rotation: str) -> tuple[str, float]:
    """A code, the words of an error, "fault" or "" for an extra of the sample spec; and the seconds it took."""
    path.write_text(SAMPLE.replace("%EXAMPLE%", example), encoding="utf-8")
    start = time.process_time()
    checked = examine(path)
    if checked.model is None:
        return next(item.code for item in checked.diagnostics if item.severity == "error"), time.process_time() - start
    try:
        lowered = lower(checked.model)
        tables = tables_of(lowered, profile_from_dict({"race": "human"}, checked.model, source="here"), resolve_encounter(None))
        state, _ = Twin(lowered).fight(tables, 1, rotation)
    except PortunusError as error:
        return str(error), time.process_time() - start
    return "fault" if state.fault & TOO_MANY else "", time.process_time() - start


@pytest.mark.parametrize(("example", "stopped"), [loop[1:] for loop in LOOPS], ids=[loop[0] for loop in LOOPS])
def test_no_fight_is_endless(tmp_path: Path, example: str, stopped: str) -> None:
    """Each ends, in the interpreted twin that is a hundred times slower than a kernel."""
    outcome, seconds = play(tmp_path / "main.spec", example, "r" if "rotation r" in example else "default")
    assert stopped in outcome and bool(stopped) == bool(outcome)
    assert seconds < 10


@pytest.mark.parametrize(
    ("formula", "reason"),
    [
        ("1 / bonus.spell_power", "division by zero"),
        ("sqrt(0 - 5)", "math domain error"),
        ("999999999999999999 * 999999999999999999", "it is 1e+36"),
        ("1 / 0.000000000000001 * 99999999", "it is 1e+23"),
    ],
)
def test_values_that_no_table_can_hold_are_named(tmp_path: Path, formula: str, reason: str) -> None:
    outcome, _ = play(tmp_path / "main.spec", f"  let x {formula}\n  spell ice {{ id 7   school fire   cast 2s   on cast {{ damage x }} }}\n  rotation r {{ ice }}", "r")
    assert "main.spec:49:7: this value cannot be used with this profile and encounter" in outcome and reason in outcome


def test_a_time_beyond_measure_is_named(tmp_path: Path) -> None:
    outcome, _ = play(tmp_path / "main.spec", "  spell ice { id 7   cast 999999999999999999h }\n  rotation r { ice }", "r")
    assert "main.spec:49:27" in outcome and "it is 3.6e+30" in outcome


def test_a_long_chain_of_statistics_is_computed(tmp_path: Path) -> None:
    chain = "\n".join(f"  let s{n} s{n + 1} + 1" for n in range(900)) + "\n  let s900 1\n  spell ice { id 7   school fire   cast 2s   on cast { damage s0 } }\n  rotation r { ice }"
    assert play(tmp_path / "main.spec", chain, "r")[0] == ""


def test_a_structure_too_costly_to_compile_is_refused(tmp_path: Path) -> None:
    spells = "\n".join(f"  spell a{n} {{ id {n + 10}   school fire   cast 1s   cooldown 5s   on cast {{ damage 1..{n + 2} }} }}" for n in range(240))
    start = time.process_time()
    outcome, _ = play(tmp_path / "main.spec", spells, "default")
    assert f"more than {program.MAX_LINES} lines of kernel" in outcome
    assert time.process_time() - start < 20


# Names that mean something to Python, numba, Lua or the generated text.
NAMES = sorted(
    {word for word in keyword.kwlist if word.islower()} - {"and", "class", "elif", "else", "if", "not", "or"}
    | {"s", "t", "m", "r", "k", "at", "now", "max", "int", "len", "eval", "exec", "os", "self", "print", "end", "nil", "local", "function", "repeat", "until", "_"}
    | {"__import__", "__class__", "helper", "step", "legal", "begin", "fault", "events", "finished", "deal", "state", "np", "carray", "types", "uniform", "portunus"}
)


def test_names_stay_names(tmp_path: Path) -> None:
    """As spell, aura, value, statistic and rotation: the generated text passes its allow-list, parses, and plays."""
    for name in NAMES:
        example = f"""  stat {name}_x 5
  spell {name} "]]..os.exit()--" {{ id 7   school fire   cooldown 5s   on cast {{ damage {name}_x }}   on land {{ apply a_{name} }} }}
  aura a_{name} "\\\\'{{{{7*7}}}}</script>" {{ id 8   duration 5s   stacks 3   values {name}_v }}
  on hit of {name} {{
    set a_{name}.{name}_v to 5
    add 1 to a_{name}.stacks
  }}
  rotation {name}_r {{
    {name} if buff.a_{name}.{name}_v < 9
    bolt
  }}"""
        path = tmp_path / "main.spec"
        path.write_text(SAMPLE.replace("%EXAMPLE%", example), encoding="utf-8")
        checked = examine(path)
        assert checked.model is not None, (name, [item.render() for item in checked.diagnostics])
        lowered = lower(checked.model)
        tables = tables_of(lowered, profile_from_dict({"race": "human"}, checked.model, source="here"), resolve_encounter(None))
        if name in ("exec", "os", "end", "s", "__import__"):
            called = {node.func.id for node in ast.walk(ast.parse(engine_module(lowered, "sampled"))) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
            assert not called & {"exec", "eval", "open", "__import__", "compile", "getattr"}
        state, _ = Twin(lowered).fight(tables, 1, f"{name}_r")
        assert state.fault == 0 and state.damage > 0, name


@pytest.mark.parametrize(
    ("example", "field"),
    [
        ("  aura gcd { id 8   duration 5s }\n  on hit of bolt { apply gcd }", "gcd_end"),
        ("  aura cast { id 8   duration 5s }\n  on hit of bolt { apply cast }", "cast_end"),
        ("  aura z { id 8   duration 5s   values end }\n  on hit of bolt { apply z }", "z_end"),
    ],
)
def test_a_name_that_the_engine_needs_is_refused(tmp_path: Path, example: str, field: str) -> None:
    (found,) = check_file(tmp_path / "main.spec", text=SAMPLE.replace("%EXAMPLE%", example))
    assert found.code == "PT304" and f"would both be called `{field}`" in found.message


@pytest.mark.parametrize("path", [*Path("specs/wotlk").glob("*_*.spec"), *(p for p in Path("specs/examples").glob("*s.spec") if not p.stem.endswith("_rules"))], ids=lambda path: path.stem)
def test_the_names_of_a_state_are_those_the_check_knows(path: Path) -> None:
    model = load_model(path)
    known = ENGINE | {name for name, _, _ in names(model)}
    assert {f.name for f in build_layout(model).state} <= known
    assert {f.name for f in build_layout(follow_script(model)).state} <= known


def test_a_resource_of_the_ruleset_alone_is_missed(tmp_path: Path) -> None:
    text = SAMPLE.replace("  resource mana\n  talents", "  resource zeal \"Zeal\" { maximum 100 }\n  talents").replace("%EXAMPLE%", "")
    found = check_file(tmp_path / "main.spec", text=text)
    assert {item.code for item in found} == {"PT401"} and all("has no `mana`" in item.message for item in found)
    assert check_file(tmp_path / "main.spec", text=text.replace("  resource zeal", "  resource mana\n  resource zeal")) == []
