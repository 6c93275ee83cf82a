"""Runes: single units of several kinds that come back one by one, as kernel functions.

A rune that was ready for some time before it is used again comes back that much sooner, at most by the grace time. A wild rune pays for any
kind; one is used only where the own kind is missing, and loses its wildness by it (a borrowed one keeps it until it is given back).
"""

from __future__ import annotations

from portunus.dsl.model import Runes, Spell
from portunus.ir.context import Context, Function, Writer
from portunus.ir.expressions import Scope, text
from portunus.ir.layout import NEVER


def counts(context: Context, spell: Spell) -> str:
    """Text of how many runes of each kind a spell needs."""
    assert context.model.runes is not None
    wanted = dict(spell.rune_cost)
    return ", ".join(context.count(spell, f"runes_{kind}", wanted.get(kind, 0)) for kind in context.model.runes.kinds)


def rune_functions(context: Context) -> list[Function]:
    """What pays, counts and brings back runes."""
    runes = context.model.runes
    if runes is None:
        return []
    kinds = range(len(runes.kinds))
    needs = tuple(f"need_{k}" for k in kinds)
    first, each = context.layout.slot("rune_0"), runes.each
    size = len(runes.kinds) * each

    can = Writer()
    can.put("missing = 0")
    for k in kinds:
        can.put("have = 0")
        with can.block(f"for i in range({k * each}, {(k + 1) * each}):"), can.block("if s.rune_spent[i] == 0 and s.rune_wild[i] == 0:"):
            can.put("have += 1")
        can.put(f"missing += max(need_{k} - have, 0)")
    with can.block("if missing == 0:"):
        can.put("return True")
    can.put("return runes_wild(s) >= missing")

    spend = Writer()
    spend.put("s.rune_spent[i] = 1")
    spend.put("s.rune_paid[i] = 1")
    spend.put("grace = 0")
    with spend.block("if s.now > 0 and s.rune_last[i] > 0:"):
        spend.put(f"grace = min({text(runes.grace, context, Scope(), 'rune_grace')}, s.now - s.rune_last[i])")
    spend.put(f"schedule(s, {first} + i, s.now + {text(runes.recharge, context, Scope(), 'rune_recharge')} - grace)")

    pay = Writer()
    with pay.block(f"for i in range({size}):"):
        pay.put("s.rune_paid[i] = 0")
    for k in kinds:
        with pay.block(f"for i in range({k * each}, {(k + 1) * each}):"), pay.block(f"if need_{k} > 0 and s.rune_spent[i] == 0 and s.rune_wild[i] == 0:"):
            pay.put("spend_rune(s, t, i)")
            pay.put(f"need_{k} -= 1")
    for k in reversed(kinds):
        for pair in [k, *(other for other in reversed(kinds) if other != k)]:
            with (
                pay.block(f"for i in range({pair * each}, {(pair + 1) * each}):"),
                pay.block(f"if need_{k} > 0 and s.rune_spent[i] == 0 and s.rune_wild[i] != 0:"),
            ):
                pay.put("spend_rune(s, t, i)")
                pay.put(f"need_{k} -= 1")
                with pay.block("if s.rune_borrowed != i:"):
                    pay.put("s.rune_wild[i] = 0")

    wait = Writer()
    wait.put(f"soonest = {NEVER}")
    with wait.block(f"for i in range(kind * {each}, (kind + 1) * {each}):"):
        with wait.block("if s.rune_spent[i] == 0:"):
            wait.put("return 0")
        wait.put(f"soonest = min(soonest, s.at[{first} + i] - s.now)")
    wait.put("return soonest")

    grace = Writer()
    grace.put("longest = 0")
    with grace.block(f"for i in range(kind * {each}, (kind + 1) * {each}):"), grace.block("if s.rune_last[i] > 0:"):
        grace.put(f"longest = max(longest, min({text(runes.grace, context, Scope(), 'rune_grace')}, s.now - s.rune_last[i]))")
    grace.put("return longest")

    convert = Writer()
    with convert.block(f"for i in range(kind * {each}, (kind + 1) * {each}):"), convert.block("if s.rune_paid[i] != 0:"):
        convert.put("changed = i")
        with convert.block("if s.rune_borrowed == i:"):
            convert.put(f"changed = kind * {each} + (i + 1) % {each}")
        convert.put("s.rune_wild[changed] = 1")

    def lines(*body: str) -> tuple[str, ...]:
        return tuple("    " + line for line in body)

    def function(name: str, parameters: tuple[str, ...], summary: str, body: tuple[str, ...]) -> Function:
        return Function(name, parameters, summary, "", body)

    return [
        function("runes_ready", ("s", "kind"), "Runes of a kind that are ready, wild ones too.",
                 lines("count = 0", f"for i in range(kind * {each}, (kind + 1) * {each}):", "    count += 1 - s.rune_spent[i]", "return count")),
        function("runes_wild", ("s",), "Wild runes that are ready.",
                 lines("count = 0", f"for i in range({size}):", "    if s.rune_spent[i] == 0 and s.rune_wild[i] != 0:", "        count += 1", "return count")),
        function("runes_wait", ("s", "kind"), "Time until a rune of a kind is ready.", tuple(wait.lines)),
        function("runes_grace", ("s", "t", "kind"), "How much sooner the next rune of a kind would come back.", tuple(grace.lines)),
        function("rune_wait", ("s", "i"), "Time until a rune is ready.", lines("if s.rune_spent[i] == 0:", "    return 0", f"return s.at[{first} + i] - s.now")),
        function("runes_suffice", ("s", *needs), "Are there enough runes, wild ones in place of missing ones?", tuple(can.lines)),
        function("spend_rune", ("s", "t", "i"), "A rune is used and begins to come back.", tuple(spend.lines)),
        function("pay_runes", ("s", "t", *needs), "Use runes: own kinds first, then wild ones, the kind's own pair before others.", tuple(pay.lines)),
        function("return_rune", ("s", "i"), "A rune is ready again.",
                 lines("s.rune_spent[i] = 0", "s.rune_last[i] = s.now", f"s.at[{first} + i] = {NEVER}")),
        function("convert_runes", ("s", "kind"), "Runes of a kind that were just used come back wild.", tuple(convert.lines)),
        function("borrow_rune", ("s", "kind"), "The first rune of a kind that is not wild becomes so, until it is given back.",
                 lines(f"for i in range(kind * {each}, (kind + 1) * {each}):", "    if s.rune_wild[i] == 0:", "        s.rune_wild[i] = 1",
                       "        s.rune_borrowed = i", "        return")),
        function("give_rune_back", ("s",), "The borrowed rune is wild no more.",
                 lines("if s.rune_borrowed >= 0:", "    s.rune_wild[s.rune_borrowed] = 0", "s.rune_borrowed = -1")),
        function("ready_rune", ("s", "kind"), "The first used rune of a kind is ready now.",
                 lines(f"for i in range(kind * {each}, (kind + 1) * {each}):", "    if s.rune_spent[i] != 0:", "        return_rune(s, i)", "        return")),
        function("ready_all_runes", ("s",), "All runes are ready now.",
                 lines(f"for i in range({size}):", "    if s.rune_spent[i] != 0:", "        return_rune(s, i)")),
    ]


def rune_index(runes: Runes, name: str) -> int:
    """Index of a rune by its name: `frost_2` is the second of the kind frost."""
    kind, _, number = name.rpartition("_")
    return runes.kinds.index(kind) * runes.each + int(number) - 1
