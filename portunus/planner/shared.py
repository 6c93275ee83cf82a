"""One answer from several trees: searched side by side, compared at the root in the end, reported as one.

Where the trees live is a `Crew`'s matter: threads of this process here, actors of a Ray cluster in `portunus.planner.cluster`. The first
tree always lives in this process, so there is an answer whatever happens to the others; one that is lost takes what it found since the
trees last met with it, and nothing else: its candidates go to the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from time import perf_counter
from typing import Any, Protocol

import numpy as np

from portunus.errors import PortunusError
from portunus.planner.local import Planner, percent_of_unit
from portunus.planner.messages import ActionReport, Suggestion, TreeNode
from portunus.planner.reserve import Reserve
from portunus.search.shared import Ledger, RootStatistics, Stretch, deal, halvings, plan

ROUND_SECONDS = 0.1  # longest time the trees work without meeting
SHOWN = 4  # actions of the drawn tree


class Tree:
    """One tree of several.

    Args:
        planner: With the memory of this tree.
        number: Of the tree.
    """

    def __init__(self, planner: Planner, number: int) -> None:
        self.planner = planner
        self._search = planner.search
        self._number = number
        self._opened = perf_counter()

    def open(self, state: np.ndarray, seed: int, allowed: np.ndarray | None, simulations: int | None) -> RootStatistics:
        """See `Part.open`."""
        self._opened = perf_counter()
        return self._search.open(state, seed=seed, number=self._number, allowed=allowed, simulations=simulations)

    def begin(
        self, state: np.ndarray, seed: int, allowed: np.ndarray | None, simulations: int | None, hand: Sequence[int], stretches: Sequence[Stretch], timed: bool
    ) -> RootStatistics:  # fmt: skip
        """`open` and `work` in one call."""
        self.open(state, seed, allowed, simulations)
        return self.work(hand, stretches, timed)

    def work(self, hand: Sequence[int], stretches: Sequence[Stretch], timed: bool) -> RootStatistics:
        """See `Part.work`."""
        return self._search.work(hand, stretches, timed=timed)

    def try_pairs(self, challenger: int, favourite: int, pairs: int) -> RootStatistics:
        """See `Part.try_pairs`."""
        return self._search.try_pairs(challenger, favourite, pairs)

    def try_pairs_for(self, challenger: int, favourite: int, seconds: float) -> RootStatistics:
        """See `Part.try_pairs_for`."""
        return self._search.try_pairs_for(challenger, favourite, seconds)

    def report(self, names: Sequence[str], chosen: str) -> dict[str, Any]:
        """What this tree says of some actions, as the JSON of a suggestion."""
        return self.planner.report(self._search.result(), started=self._opened, only=frozenset(names), chosen=chosen).to_json()


class Crew(Protocol):
    """Trees and what runs them; tree 0 is in this process.

    Attributes:
        local: Tree 0.
    """

    local: Tree

    def gather(self) -> int:
        """Number of trees that are ready for a new decision, tree 0 among them."""
        ...

    def call(self, method: str, arguments: Sequence[tuple[Any, ...] | None], *, patience: float | None) -> list[Any]:
        """Call a method of several of the trees that were ready, all at once.

        Args:
            method: Name of a method of `Tree`.
            arguments: One tuple per tree; None leaves it out.
            patience: Seconds after the local tree has answered before the others are given up; None = until they answer or are gone.

        Returns:
            One result per tree; None where a tree did not answer.
        """
        ...

    def close(self) -> None:
        """End what was started."""
        ...


class Threads:
    """Trees in threads of this process.

    Args:
        planners: One per tree, each with memory of its own.
        threads: How many work at once; it changes no result.
    """

    def __init__(self, planners: Sequence[Planner], *, threads: int | None = None) -> None:
        self._trees = [Tree(planner, number) for number, planner in enumerate(planners)]
        self.local = self._trees[0]
        self._pool = ThreadPoolExecutor(threads or len(planners), thread_name_prefix="tree")

    def gather(self) -> int:
        """See `Crew`."""
        return len(self._trees)

    def call(self, method: str, arguments: Sequence[tuple[Any, ...] | None], *, patience: float | None) -> list[Any]:
        """See `Crew`; an error of a tree is raised here."""
        waiting = [
            None if given is None else self._pool.submit(getattr(tree, method), *given)
            for tree, given in zip(self._trees, arguments, strict=True)
        ]
        return [None if future is None else future.result() for future in waiting]

    def close(self) -> None:
        """See `Crew`."""
        self._pool.shutdown()


class SharedPlanner:
    """Suggests what to do next, like `Planner`, from several trees. Not for several threads at once.

    Args:
        crew: The trees; closed by whoever made it.
        patience_ms: How long after the end of a phase a tree may still answer; for budgets in time.

    Attributes:
        trees: How many took part in the last answer from its beginning to its end.
    """

    def __init__(self, crew: Crew, *, patience_ms: float = 20.0) -> None:
        self._crew = crew
        self._patience = patience_ms / 1e3
        self.compiled = crew.local.planner.compiled
        self._ledger = Ledger(crew.local.planner.search)
        self._lost: list[RootStatistics] = []
        self._reserve = Reserve(crew.local.planner.search.settings.reserve_ms)
        self.trees = 0

    def plan(
        self, state: np.ndarray, *, budget_ms: float | None = None, simulations: int | None = None, seed: int = 0, sequence: int = 0,
        allowed: np.ndarray | None = None, watch: Callable[[], bool] | None = None,
    ) -> Suggestion:  # fmt: skip
        """Search from `state` and report; see `Planner.plan`. `simulations` counts those of all trees together, and for equal seeds and
        numbers of trees it gives equal answers. `watch` is asked when the trees meet.

        Raises:
            PortunusError: The fight is over, no legal action is allowed, or not exactly one budget is given.
        """
        started = perf_counter()
        known = self._search(state, started, budget_ms, simulations, seed, allowed, watch)
        ended = perf_counter()
        suggestion = self._report(known, started=started, sequence=sequence, patience=None if budget_ms is None else self._patience)
        if budget_ms is not None:
            self._reserve.learn(budget_ms, ended_ms=(ended - started) * 1e3, answered_ms=(perf_counter() - started) * 1e3)
        return suggestion

    def decide(self, state: np.ndarray, *, budget_ms: float | None = None, simulations: int | None = None, seed: int = 0) -> int:
        """The action alone, without a report; see `plan`."""
        self._search(state, perf_counter(), budget_ms, simulations, seed, None, None)
        return self._ledger.choice()[0]

    def peek(self) -> tuple[str, int]:
        """The best action so far, for a `watch`, and the simulations so far."""
        return self.compiled.actions[self._ledger.choice()[0]].name, self._ledger.simulations

    def _search(
        self, state: np.ndarray, started: float, budget_ms: float | None, simulations: int | None, seed: int,
        allowed: np.ndarray | None, watch: Callable[[], bool] | None,
    ) -> list[RootStatistics | None]:  # fmt: skip
        """Search, and return what each tree knows in the end, None where it was lost."""
        if (simulations is None) == (budget_ms is None):
            raise PortunusError("a search takes one budget: simulations or milliseconds")
        if (simulations is not None and simulations <= 0) or (budget_ms is not None and budget_ms <= 0):
            raise PortunusError("the budget of a search must be more than 0")
        count = self._crew.gather()
        first = self._crew.local.open(state, seed, allowed, simulations)
        ledger = self._ledger
        self._lost = []
        ledger.open(first, seed=seed)
        if not ledger.candidates:
            raise PortunusError(f"{self.compiled.name}: the fight is over, there is nothing to plan")
        known: list[RootStatistics | None] = [first] * count
        hands = deal(ledger.candidates, count)
        opening = (state, seed, allowed, simulations)
        if simulations is not None:
            pairs = simulations // 4 if ledger.paired else 0
            self._play(known, hands, [float(share) for share in _shares(simulations - 2 * pairs, count)], opening, timed=False, watch=watch)
            self._try_challenger(known, watch, pairs=pairs)
        elif budget_ms is not None:
            left = self._reserve.search_ms(budget_ms) / 1e3
            seconds = (0.5 * left if ledger.paired else left) - (perf_counter() - started)
            self._play(known, hands, [seconds] * count, opening, timed=True, watch=watch)
            self._try_challenger(known, watch, end=started + left)
        return known

    def _play(
        self, known: list[RootStatistics | None], hands: list[list[int]], loads: list[float], opening: tuple, *, timed: bool,
        watch: Callable[[], bool] | None,
    ) -> None:  # fmt: skip
        """Let every tree play out its hand with a load of simulations or seconds; the trees meet after `ROUND_SECONDS`."""
        ledger, patience = self._ledger, self._patience if timed else None
        phases = max(halvings(len(hand), alone=len(hands) == 1) for hand in hands)
        plans = [plan(len(hand), phases, load, timed=timed, alone=len(hands) == 1) for hand, load in zip(hands, loads, strict=True)]
        method = "begin"
        while any(plans):
            present = [number for number, part in enumerate(known) if part is not None]
            shares = [(hands[number], self._round(plans[number], timed=timed, whole=watch is None), timed) for number in present]
            ran = self._together(method, known, [(*opening, *share) if method == "begin" else share for share in shares], patience)
            method = "work"
            for number in present:
                part = known[number]
                hands[number] = hands[number] if part is None else list(part.hand)
            for number in present:
                if known[number] is None:
                    self._inherit(known, hands, plans, number, timed=timed)
            ledger.keep(hands)
            if ran == 0 or ledger.settled or (watch is not None and watch()):
                return

    def _round(self, stretches: list[Stretch], *, timed: bool, whole: bool) -> list[Stretch]:
        """Take from a tree's plan what it does before the trees meet again: all of it, or while somebody watches a stretch, and never more than `ROUND_SECONDS`."""
        taken, seconds = [], 0.0
        while stretches:
            keep, load = stretches.pop(0)
            room = ROUND_SECONDS - seconds
            if timed and load > room:
                taken.append(Stretch(keep, room))
                stretches.insert(0, Stretch(keep, load - room))
                break
            taken.append(Stretch(keep, load))
            seconds += load
            if not timed and not whole:
                break
        return taken

    def _inherit(
        self, known: Sequence[RootStatistics | None], hands: list[list[int]], plans: list[list[Stretch]], lost: int, *, timed: bool
    ) -> None:  # fmt: skip
        """Deal the hand of a tree that was lost to the others, as far as they have work left, and let them plan anew."""
        edges, hands[lost], plans[lost] = hands[lost], [], []
        heirs = [number for number, part in enumerate(known) if part is not None and plans[number]]
        for place, edge in enumerate(edges):
            if heirs and not any(edge in hand for hand in hands):
                heir = heirs[place % len(heirs)]
                hands[heir].append(edge)
                alone, left = len(heirs) == 1, sum(load for _, load in plans[heir])
                plans[heir] = plan(len(hands[heir]), halvings(len(hands[heir]), alone=alone), left, timed=timed, alone=alone)

    def _try_challenger(
        self, known: list[RootStatistics | None], watch: Callable[[], bool] | None, *, pairs: int = 0, end: float = 0.0
    ) -> None:  # fmt: skip
        """Where values are drawn: all trees play pairs, so many together or until `end`, and the pairs decide; see `portunus.search.paired`."""
        ledger = self._ledger
        if not ledger.paired or (watch is not None and watch()):
            return
        challenger, favourite = ledger.opponents()
        if challenger >= 0 and pairs:
            trees = sum(part is not None for part in known)
            self._together("try_pairs", known, [(challenger, favourite, share) for share in _shares(pairs, trees)], None)
        elif challenger >= 0:
            while (left := end - perf_counter()) > 0 and not ledger.decided:
                trees = sum(part is not None for part in known)
                ran = self._together("try_pairs_for", known, [(challenger, favourite, min(left, ROUND_SECONDS))] * trees, self._patience)
                if ran == 0 or (watch is not None and watch()):
                    break
        ledger.judge(challenger, favourite)

    def _together(self, method: str, known: list[RootStatistics | None], shares: Sequence[tuple], patience: float | None) -> int:
        """One round of all trees that still answer, a share each; returns the simulations done."""
        present = [number for number, part in enumerate(known) if part is not None]
        given: list[tuple | None] = [None] * len(known)
        for number, share in zip(present, shares, strict=True):
            given[number] = share
        before = self._ledger.simulations
        for number, answer in zip(present, self._called(method, given, patience), strict=True):
            last = known[number]
            if answer is None and last is not None:  # what it found up to the last round still counts
                self._lost.append(last)
            known[number] = answer
        self._ledger.add_up([part for part in known if part is not None] + self._lost)
        return self._ledger.simulations - before

    def _called(self, method: str, given: Sequence[tuple | None], patience: float | None) -> list[Any]:
        """The answers of those trees that were given something."""
        answers = self._crew.call(method, given, patience=patience)
        return [answer for answer, arguments in zip(answers, given, strict=True) if arguments is not None]

    def _report(self, known: list[RootStatistics | None], *, started: float, sequence: int, patience: float | None) -> Suggestion:
        """Of each action, what the tree that knows it best says of what follows; the numbers are those of all trees."""
        action, _, mixed = self._ledger.choice()
        table, actions = self._ledger.table(), self.compiled.actions
        chosen = actions[action].name
        order = [int(a) for a in table.actions]
        visits = np.array([np.full(len(order), -1) if part is None else part.visits for part in known])
        best_at = {actions[a].name: int(visits[:, place].argmax()) for place, a in enumerate(order)}
        given = [
            None if part is None else ([name for name, at in best_at.items() if at == number], chosen) for number, part in enumerate(known)
        ]
        answers = self._crew.call("report", given, patience=None if patience is None else 5 * patience)
        told = {number: Suggestion.from_json(answer) for number, answer in enumerate(answers) if answer is not None}
        missing = [name for name, at in best_at.items() if at not in told]
        if missing:  # their tree was lost at the last moment; the local one knows every action by name at least
            spare = Suggestion.from_json(self._crew.local.report(missing, chosen))
            told[len(answers)] = spare
            best_at.update(dict.fromkeys(missing, len(answers)))
        values = np.where(table.visits > 0, table.values, mixed)
        best = float(values[order.index(action)])
        unit, percent = self._crew.local.planner.search.game.unit, percent_of_unit(self._crew.local.planner.search)
        reports: list[ActionReport] = []
        nodes: list[TreeNode] = []
        for place, a in enumerate(order):
            name, source = actions[a].name, told[best_at[actions[a].name]]
            own = next(report for report in source.actions if report.name == name)
            value, tried = float(values[place]), int(table.visits[place])
            loss = max(0.0, best - value)
            reports.append(replace(own, visits=tried, value=value, loss_percent=loss * percent, loss_damage=loss * unit, prior=float(table.priors[place])))
            node = next((node for node in source.tree.children if node.name == name), None)
            if node is not None and tried:
                nodes.append(replace(node, visits=tried, value=value, probability=tried / int(table.visits.sum())))
        reports.sort(key=lambda report: (report.name != chosen, -report.value))
        nodes.sort(key=lambda node: (node.name != chosen, -node.visits))
        first = told[best_at[chosen]]
        self.trees = sum(part is not None for part in known)
        return replace(
            first, sequence=sequence, action=chosen, label=next(r.label for r in reports if r.name == chosen), actions=tuple(reports),
            tree=TreeNode(first.tree.kind, "", "", self._ledger.simulations, mixed, 1.0, tuple(nodes[:SHOWN])),
            simulations=self._ledger.simulations, search_ms=(perf_counter() - started) * 1e3, network_ms=max(s.network_ms for s in told.values()),
            depth=self._ledger.depth,
        )  # fmt: skip


def _shares(whole: int, trees: int) -> list[int]:
    """A whole number in parts as equal as they can be."""
    return [whole * (tree + 1) // trees - whole * tree // trees for tree in range(trees)]
