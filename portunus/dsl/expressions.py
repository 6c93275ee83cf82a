"""Expressions: types and units checked, units reduced; then only `Expr` nodes of the model are left."""

from __future__ import annotations

from dataclasses import replace

from portunus.dsl.diagnostics import Edit, Problems, suggestion
from portunus.dsl.model import Expr, Span
from portunus.dsl.names import UNKNOWN, Context, Names, typed, unknown
from portunus.dsl.symbols import Symbols, unit_hint
from portunus.dsl.syntax import Binary, Call, Name, Node, Number, Text, Unary
from portunus.units import UNITS, convert, meant_unit

TYPE_NAMES = {
    "number": "a number", "time": "a time", "bool": "a condition", "distance": "a distance", "speed": "a speed", "range": "a rolled amount", UNKNOWN: "something",
}  # fmt: skip
OPERATORS = {"+": "add", "-": "sub", "*": "mul", "/": "div", "<": "lt", "<=": "le", ">": "gt", ">=": "ge", "==": "eq", "!=": "ne", "and": "and", "or": "or"}
FUNCTIONS = {
    "min": "min(a, b): the smaller", "max": "max(a, b): the larger", "sqrt": "sqrt(x): the square root",
    "floor": "floor(x): the largest whole number that is not above",
    "choose": "choose(condition, then, otherwise)", "pick": "pick(index, value for 0, value for 1, ...)",
    "by_level": "by_level(equal, +1, +2, +3): by the enemy's level above the player's",
}  # fmt: skip


class Expressions:
    """Resolves syntax nodes to typed expressions against the names of a spec."""

    def __init__(self, symbols: Symbols, problems: Problems) -> None:
        self.problems, self.names = problems, Names(symbols, problems)

    def resolve(self, node: Node, context: Context, types: str, what: str) -> Expr:
        """The typed expression of a node.

        Args:
            node: The syntax node.
            context: Where it stands.
            types: The types that fit, separated by spaces; "" = any but a range.
            what: How messages call the place, such as "`cast`".
        """
        expr = self._node(node, context)
        allowed = types.split()
        if context.rolls:
            allowed.append("range")
        if expr.type == UNKNOWN or expr.type in allowed or (not types and expr.type != "range"):
            return expr
        if expr.type == "range":
            self.problems.error("PT505", node.span, f"{what} cannot be a rolled amount", "A range `a..b` stands in `damage` and `gain` only.")
        else:
            self.problems.error("PT502", node.span, f"{what} needs {' or '.join(TYPE_NAMES[t] for t in allowed)}, found {TYPE_NAMES[expr.type]}", _mend(node, expr, allowed))
        if types == "bool" and expr.op in ("talent", "glyph", "option"):
            return Expr("ge", (expr, Expr("number", (1.0,), "number", expr.span)), "bool", expr.span)
        return typed(expr.op, expr.args, UNKNOWN, expr.span)

    def _node(self, node: Node, context: Context) -> Expr:
        if isinstance(node, Number):
            return self._number(node)
        if isinstance(node, Name):
            return self.names.resolve(node, context)
        if isinstance(node, Unary):
            return self._unary(node, context)
        if isinstance(node, Call):
            return self._call(node, context)
        if isinstance(node, Text):
            self.problems.error("PT502", node.span, "a text cannot be part of an expression")
            return unknown(node.span)
        return self._range(node, context) if node.op == ".." else self._binary(node, context)

    def _number(self, node: Number) -> Expr:
        if node.unit not in UNITS:
            self.problems.error("PT014", node.span, f"there is no unit `{node.unit}`", unit_hint(node))
            meant = meant_unit(node.unit)
            if meant is None:
                return unknown(node.span)
            node = Number(node.digits, meant, node.span)
        return typed("number", (convert(node.digits, node.unit),), UNITS[node.unit].type, node.span)

    def _unary(self, node: Unary, context: Context) -> Expr:
        operand = self._node(node.operand, context)
        if operand.type == UNKNOWN:
            return operand
        if node.op == "not":
            if operand.type != "bool":
                return self._wrong("`not` needs a condition", node.operand, operand, ["bool"])
            return Expr("not", (operand,), "bool", node.span)
        if operand.type == "bool":
            return self._wrong("`-` needs a number", node.operand, operand, ["number"])
        return Expr("neg", (operand,), operand.type, node.span)

    def _wrong(self, message: str, node: Node, expr: Expr, wanted: list[str]) -> Expr:
        self.problems.error("PT501", node.span, f"{message}, found {TYPE_NAMES[expr.type]}", _mend(node, expr, wanted))
        return unknown(node.span)

    def _range(self, node: Binary, context: Context) -> Expr:
        low, high = self._node(node.left, context), self._node(node.right, context)
        for bound, part in ((low, node.left), (high, node.right)):
            if bound.type not in ("number", UNKNOWN):
                return self._wrong("the bounds of a range are numbers", part, bound, ["number"])
        if low.op == high.op == "number" and low.type == high.type == "number" and low.args[0] > high.args[0]:
            swapped = f"{node.right.digits}{node.right.unit}..{node.left.digits}{node.left.unit}" if isinstance(node.left, Number) and isinstance(node.right, Number) else ""
            self.problems.error("PT308", node.span, "the first bound of a range is above the second", f"write `{swapped}`" if swapped else "Swap them.")
        return Expr("range", (low, high), "range", node.span)

    def _binary(self, node: Binary, context: Context) -> Expr:
        # A long chain leans to the left: walk down it in a loop.
        chain: list[Binary] = []
        left_node: Node = node
        while isinstance(left_node, Binary) and left_node.op != "..":
            chain.append(left_node)
            left_node = left_node.left
        phase = len(chain) > 0 and chain[-1].op in ("<", "<=", ">", ">=")
        left = self._operand(left_node, context, phase)
        for part in reversed(chain):
            comparison = part.op in ("<", "<=", ">", ">=")
            right = self._operand(part.right, context, comparison)
            left = self._combine(part, left, left_node, right)
            left_node = part
        return left

    def _operand(self, node: Node, context: Context, compared: bool) -> Expr:
        if isinstance(node, Name) and node.text == "target.health" and compared:
            return self.names.allowed(Expr("target_phase", (), "number", node.span), context)
        return self._node(node, context)

    def _combine(self, node: Binary, left: Expr, left_node: Node, right: Expr) -> Expr:
        op = OPERATORS.get(node.op, "")
        a, b = left.type, right.type
        if UNKNOWN in (a, b):
            return typed("number", (0,), "bool" if op in ("and", "or", "lt", "le", "gt", "ge", "eq", "ne") and UNKNOWN not in (a, b) else UNKNOWN, node.span)
        if op in ("and", "or"):
            for operand, part in ((left, left_node), (right, node.right)):
                if operand.type != "bool":
                    return self._wrong(f"`{node.op}` needs a condition on both sides", part, operand, ["bool"])
            return Expr(op, (left, right), "bool", node.span)
        if op in ("lt", "le", "gt", "ge", "eq", "ne"):
            return self._compare(node, op, left, left_node, right)
        result = _arithmetic(op, a, b)
        if op == "div" and right.op == "number" and right.args[0] == 0:
            self.problems.error("PT308", node.right.span, "a division by zero")
            return unknown(node.span)
        if not result:
            if "bool" in (a, b):
                operand, part = (left, left_node) if a == "bool" else (right, node.right)
                return self._wrong(f"`{node.op}` needs numbers", part, operand, ["number"])
            verb = {"add": "add", "sub": "subtract", "mul": "multiply", "div": "divide"}[op]
            pair = {"add": f"{TYPE_NAMES[a]} and {TYPE_NAMES[b]}", "sub": f"{TYPE_NAMES[b]} from {TYPE_NAMES[a]}"}.get(op, f"{TYPE_NAMES[a]} by {TYPE_NAMES[b]}")
            self._disagree(node, left, left_node, right, f"cannot {verb} {pair}")
            return unknown(node.span)
        return typed(op, (left, right), result, node.span)

    def _compare(self, node: Binary, op: str, left: Expr, left_node: Node, right: Expr) -> Expr:
        a, b = left.type, right.type
        if a == "bool" and isinstance(left_node, Binary) and left_node.op in OPERATORS and op not in ("eq", "ne"):
            middle = left_node.right.span
            source = self.problems.sources.get(middle.path)
            text = source.line(middle.line)[middle.column - 1 :][: middle.length] if source else "b"
            after = Span(middle.path, middle.line, middle.column + middle.length, 0)
            self.problems.error("PT506", node.span, "comparisons do not chain", f"write `... {text} and {text} ...`", repair=(Edit(after, f" and {text}"),))
            if left.args[1].type != b:
                return unknown(node.span)
            return Expr("and", (left, Expr(op, (left.args[1], right), "bool", node.span)), "bool", node.span)
        if a != b or a == "range" or (a == "bool" and op not in ("eq", "ne")):
            self._disagree(node, left, left_node, right, f"cannot compare {TYPE_NAMES[a]} with {TYPE_NAMES[b]}")
            return unknown(node.span)
        for one, other, part in ((left, right, node.right), (right, left, left_node)):
            percent = isinstance(part, Number) and part.unit == "%"
            if one.op == "target_phase" and (other.op != "number" or not 0 <= other.args[0] <= 1):
                hint = f"write `{part.digits}%`" if isinstance(part, Number) and part.unit == "" else "It is compared with a number such as `35%`."
                self.problems.error("PT405", part.span, "`target.health` is compared with a percentage", hint)
            elif one.op == "resource" and percent:
                whole = f"max_{one.args[0]}"
                self.problems.error("PT501", part.span, f"`{one.args[0]}` is an amount, and this is a part of nothing", f"write `{part.digits}% * {whole}`")  # type: ignore[union-attr]
        return Expr(op, (left, right), "bool", node.span)

    def _disagree(self, node: Binary, left: Expr, left_node: Node, right: Expr, message: str) -> None:
        """Report two operands that do not go together, at the one that can be mended if there is one."""
        ways = [(_mend(node.right, right, [left.type]), node.right), (_mend(left_node, left, [right.type]), left_node)]
        exact = next(((hint, part.span) for hint, part in ways if hint.startswith("write")), None)
        hint, place = exact or (ways[0][0] or ways[1][0], node.span)
        self.problems.error("PT501", place, message, hint)

    def _call(self, node: Call, context: Context) -> Expr:
        if node.function not in FUNCTIONS:
            self.problems.error("PT504", replace(node.span, length=len(node.function)), f"there is no function `{node.function[:80]}`", suggestion(node.function, FUNCTIONS))
            for argument in node.arguments:
                self._node(argument, context)
            return unknown(node.span)
        arguments = [self._node(argument, context) for argument in node.arguments]
        low, high = {"min": (2, 16), "max": (2, 16), "sqrt": (1, 1), "floor": (1, 1), "choose": (3, 3), "pick": (2, 17), "by_level": (4, 4)}[node.function]
        if not low <= len(arguments) <= high:
            count = f"{low}" if low == high else f"{low} to {high}"
            self.problems.error("PT503", node.span, f"`{node.function}` takes {count} arguments, found {len(arguments)}", FUNCTIONS[node.function])
            return unknown(node.span)
        if any(argument.type == UNKNOWN for argument in arguments):
            return unknown(node.span)
        values, nodes = arguments, list(node.arguments)
        if node.function in ("choose", "pick"):
            wanted = "bool" if node.function == "choose" else "number"
            if arguments[0].type != wanted:
                return self._wrong(f"the first argument of `{node.function}` is {TYPE_NAMES[wanted]}", nodes[0], arguments[0], [wanted])
            values, nodes = arguments[1:], nodes[1:]
        for value, part in zip(values, nodes, strict=True):
            if value.type != values[0].type or (value.type in ("range", "bool") and node.function not in ("choose", "pick")) or value.type == "range":
                return self._wrong(f"the values of `{node.function}` are of one kind, {TYPE_NAMES[values[0].type]}", part, value, [values[0].type])
        if node.function in ("sqrt", "floor") and values[0].type != "number":
            return self._wrong(f"`{node.function}` needs a number", nodes[0], values[0], ["number"])
        kind = values[0].type
        if node.function in ("min", "max"):
            folded = arguments[0]
            for other in arguments[1:]:
                folded = Expr(node.function, (folded, other), kind, node.span)
            return folded
        return Expr(node.function, tuple(arguments), kind, node.span)


def _arithmetic(op: str, a: str, b: str) -> str:
    """The type of `a op b`, "" where it means nothing."""
    if "bool" in (a, b):
        return ""
    if op in ("add", "sub"):
        if {a, b} <= {"number", "range"}:
            return "range" if "range" in (a, b) else "number"
        return a if a == b else ""
    if op == "mul":
        if "number" in (a, b):
            return b if a == "number" else a
        return "distance" if {a, b} == {"speed", "time"} else ""
    if b == "number":
        return a
    if a == b and a != "range":
        return "number"
    return "time" if (a, b) == ("distance", "speed") else ""


def _mend(node: Node, expr: Expr, wanted: list[str]) -> str:
    """A way to make an expression of one of the wanted types, "" if none is obvious."""
    if "bool" in wanted and expr.op in ("talent", "glyph", "option"):
        return f"write `{expr.op}.{expr.args[0]} >= 1`"
    if isinstance(node, Number) and node.unit in ("", "%"):
        for kind, unit in (("time", "s"), ("distance", "yd"), ("speed", "yd/s")):
            if kind in wanted:
                return f"write `{node.digits}{unit}`"
    if isinstance(node, Number) and "number" in wanted and expr.type == "time":
        return f"write `{node.digits}`, a plain number"
    if isinstance(node, Number) and "speed" in wanted and expr.type == "distance":
        return f"write `{node.digits}yd/s`"
    if "number" in wanted and expr.type == "time":
        return "Divide it by a time, such as `1s`, to get a number."
    return ""
