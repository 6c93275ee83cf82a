"""Programs as numba modules: readable files that compile when imported.

The engine module of the sampled form holds every function and the C entry points of `portunus.runtime.signature`; that of the expected form what a
step needs, as the rest is the same in both. A rotation module holds one priority list and imports what it needs from the sampled engine module.
A fights module holds whole fights of one character with one list (`portunus.ir.fixed`), and no other entry.
"""

from __future__ import annotations

import re

from portunus.ir.context import FLOAT_PARAMETERS, Function
from portunus.ir.layout import Field, list_rolls
from portunus.ir.program import Program, source

# Types of parameters by name; what is not listed is an int64. Explicit types keep numba from compiling a function once per constant argument.
_TYPES = {"s": "STATE", "t": "TABLES", "m": "METRICS", "r": "WORDS", "mask": "MASK", "out": "OUT",
          **dict.fromkeys(FLOAT_PARAMETERS, "types.float64")}
_HEAD = '''"""{title}

Generated from {sources}. s = state, t = tables, m = metrics, r = random stream; times in ns.
"""

from math import sqrt

import numpy as np
from numba import carray, cfunc, from_dtype, types

from portunus.runtime.helpers import helper_for
from portunus.runtime.queue_numba import earliest, first_due, shared, soonest
from portunus.runtime.random_numba import chance, prepare, proc, {draws}uniform
from portunus.runtime.whole import EntryCompiler

helper = helper_for(__file__)

'''

_STEP = '''
@cfunc(types.int64({state}, {tables}, {metrics}, {words}, types.int64, types.CPointer(types.float64)), error_model="numpy",
       cache=True, pipeline_class=EntryCompiler)
def entry_step(state, tables, metrics, rng, action, info):
    s, m = carray(state, 1)[0], carray(metrics, 1)[0]
    before = s.damage
    r = carray(rng, 4)
    prepare(r)
    step(s, carray(tables, 1)[0], m, r, action)
    out = carray(info, 4)
    out[0] = s.damage - before
    out[1] = m.probability
    out[2] = m.draws
    out[3] = 0.0
    return m.signature
'''

_ENTRIES = '''
@cfunc(types.int64({state}, {tables}, {words}), error_model="numpy", cache=True, pipeline_class=EntryCompiler)
def entry_reset(state, tables, rng):
    m = np.zeros(1, METRICS_DTYPE)
    r = carray(rng, 4)
    prepare(r)
    begin(carray(state, 1)[0], carray(tables, 1)[0], m[0], r)
    return 0


@cfunc(types.int64({state}, {tables}, types.CPointer(types.uint8)), error_model="numpy", cache=True, pipeline_class=EntryCompiler)
def entry_legal(state, tables, mask):
    return legal(carray(state, 1)[0], carray(tables, 1)[0], carray(mask, {actions}))


@cfunc(types.int64({state}, {tables}, types.CPointer(types.float32)), error_model="numpy", cache=True, pipeline_class=EntryCompiler)
def entry_features(state, tables, out):
    return features(carray(state, 1)[0], carray(tables, 1)[0], carray(out, {features}))
'''

_FIGHTS = '''
@cfunc(types.int64({state}, {tables}, {metrics}, {words}, types.int64, types.int64, types.int64, types.int64, types.int64,
                   types.CPointer(types.float64)), error_model="numpy", cache=True, pipeline_class=EntryCompiler)
def entry_fights(state, tables, metrics, rng, rotation, state_address, tables_address, first_seed, count, damage):
    s, t, m, r = carray(state, 1)[0], carray(tables, 1)[0], carray(metrics, 1)[0], carray(rng, 4)
    out = carray(damage, count)
    fault = 0
    for fight in range(count):
        r[0] = np.uint64(first_seed + fight)
        prepare(r)
        begin(s, t, m, r)
{play}
        finalize(s, t, m)
        out[fight] = s.damage
        m.events += s.events
        fault |= s.fault
    return fault
'''

_PLAY = "        play(s, t, m, r)"
_STEPS = '''        while s.finished == 0:
            m.decisions += 1
'''
_FOLLOW = "            step(s, t, m, r, call_rotation(rotation, state_address, tables_address))"
_FOLLOW_ROLLING = """\
            s.stream = np.int64(r[0])
            action = call_rotation(rotation, state_address, tables_address)
            r[0] = np.uint64(s.stream)
            prepare(r)
            act(s, t, m, r, action)
            if reads_again(s, t, action):
                s.stream = np.int64(r[0])
                call_rotation(rotation, state_address, tables_address)
                r[0] = np.uint64(s.stream)
                prepare(r)
            if s.finished == 0:
                advance(s, t, m, r)"""

_ROTATION = '''
@cfunc(types.int64({state}, {tables}), error_model="numpy", cache=True, pipeline_class=EntryCompiler)
def entry_rotation(state, tables):
    return rotation(carray(state, 1)[0], carray(tables, 1)[0])
'''

POINTERS = {"state": "types.CPointer(STATE)", "tables": "types.CPointer(TABLES)", "metrics": "types.CPointer(METRICS)",
            "words": "types.CPointer(types.uint64)"}


def _dtype(name: str, fields: tuple[Field, ...]) -> str:
    kinds = {"int": "np.int64", "float": "np.float64"}
    lines = [f"    ({f.name!r}, {kinds[f.type]}" + (f", ({f.size},)" if f.array else "") + ")," + (f"  # {f.meaning}" if f.meaning else "")
             for f in fields]
    return f"{name}_DTYPE = np.dtype([\n" + "\n".join(lines) + f"\n])\n{name} = from_dtype({name}_DTYPE)\n\n"


def _sources(program: Program) -> str:
    return ", ".join(s.replace("\\", "/").rsplit("/", 1)[-1] for s in program.model.sources)


def _draws(program: Program) -> str:
    return "restore, stream, stream_next, stream_uniform, " if list_rolls(program.model) else ""


def _typed(function: Function) -> str:
    """Source of a function with its decorator."""
    types = ", ".join(_TYPES.get(p, "types.int64") for p in function.parameters)
    return f'@helper(({types},))\n{source(function)}'


def engine_module(program: Program, form: str) -> str:
    """Text of the engine module of a form, "sampled" or "expected"."""
    functions = program.sampled if form == "sampled" else _called_from("step", program.expected)
    text = _HEAD.format(title=f"Kernel of {program.model.name}, {form} form.", sources=_sources(program), draws=_draws(program))
    if form == "sampled":
        text = text.replace("from portunus.runtime.helpers", "from portunus.runtime.calls import call_rotation\nfrom portunus.runtime.helpers")
    text += _dtype("STATE", program.layout.state) + _dtype("TABLES", program.tables.fields()) + _dtype("METRICS", program.layout.metrics)
    text += "WORDS, MASK, OUT = (types.Array(kind, 1, 'C') for kind in (types.uint64, types.uint8, types.float32))\n\n\n"
    text += "\n\n".join(_typed(f) for f in functions) + "\n"
    text += _STEP.format(**POINTERS)
    if form == "sampled":
        text += _ENTRIES.format(actions=len(program.actions), features=len(program.feature_names), **POINTERS)
        text += _FIGHTS.format(play=_STEPS + (_FOLLOW_ROLLING if list_rolls(program.model) else _FOLLOW), **POINTERS)
    return text


def fights_module(program: Program, functions: tuple[Function, ...]) -> str:
    """Text of a module that plays whole fights and nothing else, with functions from `portunus.ir.fixed`."""
    text = _HEAD.format(title=f"Whole fights of {program.model.name}.", sources=_sources(program), draws=_draws(program))
    text += _dtype("STATE", program.layout.state) + _dtype("TABLES", program.tables.fields()) + _dtype("METRICS", program.layout.metrics)
    text += "WORDS, MASK, OUT = (types.Array(kind, 1, 'C') for kind in (types.uint64, types.uint8, types.float32))\n\n\n"
    return text + "\n\n".join(_typed(f) for f in functions) + "\n" + _FIGHTS.format(play=_PLAY, **POINTERS)


def _called_from(entry: str, functions: tuple[Function, ...]) -> tuple[Function, ...]:
    """The functions a call of `entry` may reach, in their order."""
    bodies = {f.name: "\n".join(f.body) for f in functions}
    reached, new = {entry}, [entry]
    while new:
        called = [name for name in re.findall(r"\b(\w+)\(", bodies[new.pop()]) if name in bodies and name not in reached]
        reached.update(called)
        new += called
    return tuple(f for f in functions if f.name in reached)


def rotation_module(program: Program, name: str, engine: str) -> str:
    """Text of the module of one priority list; `engine` is the import name of the sampled engine module."""
    function = program.rotations[name]
    text = _HEAD.format(title=f"Priority list of {program.model.name}.", sources=_sources(program), draws=_draws(program))
    body = "\n".join(function.body)
    used = sorted(f.name for f in program.sampled if f"{f.name}(" in body)
    text += f"from {engine} import STATE, TABLES, {', '.join(used)}\n\n\n" if used else f"from {engine} import STATE, TABLES\n\n\n"
    return text + _typed(function).replace(f"Priority list {name}.", "Priority list.") + "\n" + _ROTATION.format(**POINTERS)
