"""The planner in this process: a search and its memory, and the answer in the form that services and commands pass on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from portunus.errors import PortunusError
from portunus.evaluator.mlp import Mlp, forward
from portunus.evaluator.prior import RotationPrior
from portunus.evaluator.protocol import Evaluator
from portunus.planner.messages import CHANCE, DECISION, MAX_NAME, ActionReport, OutcomeReport, Suggestion, TreeNode
from portunus.planner.reserve import Reserve
from portunus.search.engine import Search, SearchResult
from portunus.search.settings import SearchSettings
from portunus.search.shared import Part
from portunus.search.tree import SIMULATIONS
from portunus.search.view import Branch, StateWords, TreeView

if TYPE_CHECKING:
    from portunus.runtime.compiled import CompiledSpec

__all__ = ["Planner", "SearchSettings", "open_evaluator"]

QUEUE = 5  # actions after the chosen one
LINE = 3  # actions after each of the others
OUTCOMES = 4  # reported of each action
TO_THE_END = 3600.0  # seconds the rotation plays on to value a state when there is no network: no fight is longer
FAVOURED = 0.9  # probability of the rotation's action then, so that what a path adds up to is the rotation's value after its first action
BACKENDS = ("compiled", "torchscript")


def open_evaluator(compiled: CompiledSpec, model: Path | str | None = None, *, backend: str = "compiled") -> Evaluator:
    """What judges the leaves: a published network, or the default rotation where there is none.

    Args:
        compiled: The spec.
        model: A `.pt` file with its manifest beside it, or None.
        backend: `compiled` (the weights inside the search, proved equal to TorchScript on the model's test states first) or
            `torchscript` (leaves in batches).

    Raises:
        PortunusError: The model is damaged, not vouched for, made for another spec, or the two forms of it disagree.
    """
    if backend not in BACKENDS:
        raise PortunusError(f"there is no evaluator backend {backend!r}", hint=f"It is one of: {', '.join(BACKENDS)}.")
    if model is None:
        return RotationPrior(compiled, mass=FAVOURED, horizon_seconds=TO_THE_END)
    from portunus.evaluator import torchscript
    from portunus.evaluator.model_file import load_model

    published = load_model(model, compiled)
    weights = published.weights
    reference = torchscript.open_evaluator(published, fast=lambda features: forward(weights, features))
    return Mlp(weights, published.doubt) if backend == "compiled" else reference


class Planner:
    """Suggests what to do next. Not for several threads at once.

    Args:
        compiled: The spec.
        evaluator: What judges states; see `open_evaluator`.
        settings: How to search.

    Raises:
        PortunusError: The evaluator does not fit the spec.
    """

    def __init__(self, compiled: CompiledSpec, evaluator: Evaluator, settings: SearchSettings | None = None) -> None:
        self.compiled = compiled
        self.evaluator = evaluator
        self.search = Part(compiled, evaluator, settings)
        self._reserve = Reserve(self.search.settings.reserve_ms)
        model = compiled.model
        self._words = StateWords(
            compiled.layout.state_dtype,
            auras={aura.name: aura.label for aura in model.auras},
            spells={spell.name: spell.label for spell in model.spells},
            values=[(aura.name, value) for aura in model.auras for value in aura.values],
            resources=[resource.name for resource in model.resources],
        )

    def plan(
        self, state: np.ndarray, *, budget_ms: float | None = None, simulations: int | None = None, seed: int = 0, sequence: int = 0,
        allowed: np.ndarray | None = None, watch: Callable[[], bool] | None = None, keep: bool = False,
    ) -> Suggestion:  # fmt: skip
        """Search from `state` and report. The fight's own random stream plays no part: all chance comes from `seed`.

        Args:
            state: int64 [W], a decision point; left as it is.
            budget_ms: Time for everything, the report included; or
            simulations: number of simulations (equal seeds give equal answers).
            seed: Of the search.
            sequence: Number of the state, handed back.
            allowed: bool [A], the actions to choose from; None = every legal one.
            watch: Called between chunks of simulations; the search ends with what it knows when it returns True.
            keep: Go on with the tree of the last search, which was from this state or one as good as it.

        Raises:
            PortunusError: The fight is over, no legal action is allowed, or not exactly one budget is given.
        """
        started = perf_counter()
        time_left = None if budget_ms is None else self._reserve.search_ms(budget_ms)
        result = self.search.run(state, simulations=simulations, budget_ms=time_left, seed=seed, keep=keep, allowed=allowed, watch=watch)
        suggestion = self.report(result, started=started, sequence=sequence)
        if budget_ms is not None:
            self._reserve.learn(budget_ms, ended_ms=result.search_ms, answered_ms=(perf_counter() - started) * 1e3)
        return suggestion

    def peek(self) -> tuple[str, int]:
        """The best action so far, for a `watch`, and the simulations so far."""
        return self.compiled.actions[self.search.best()].name, int(self.search.arena.counters[SIMULATIONS])

    def report(
        self, result: SearchResult, *, started: float, sequence: int = 0, only: frozenset[str] | None = None, chosen: str = ""
    ) -> Suggestion:
        """The answer of the search just run, as plain data.

        Args:
            result: Of that search.
            started: When it began, by `time.perf_counter`.
            sequence: Number of the state, handed back.
            only: Names of the actions to report on, None = all.
            chosen: Name of the action to call the best, "" for the search's own choice.

        Raises:
            PortunusError: The fight is over.
        """
        if result.action < 0:
            raise PortunusError(f"{self.compiled.name}: the fight is over, there is nothing to plan")
        view, actions = TreeView(self.search), self.compiled.actions
        best = next((a for a, action in enumerate(actions) if action.name == chosen), result.action)
        branches = tuple(
            self._node(view, branch) for branch in view.pruned(best)
            if only is None or actions[branch.action].name in only
        )
        root = TreeNode(DECISION, "", "", result.simulations, result.value, 1.0, branches)
        queue = view.principal_line(best, QUEUE)
        return Suggestion(
            sequence=sequence,
            action=actions[best].name,
            label=_short(actions[best].label),
            queue=tuple(actions[a].name for a in queue),
            actions=self._reports(result, view, best, only),
            tree=root,
            simulations=result.simulations,
            search_ms=(perf_counter() - started) * 1e3,
            network_ms=result.network_ms,
            depth=result.depth,
            state_age_ms=0.0,
        )

    def _reports(self, result: SearchResult, view: TreeView, chosen: int, only: frozenset[str] | None) -> tuple[ActionReport, ...]:
        """One per legal action, the chosen one first, then by value.

        The loss is damage given up, as percent of the damage of the reference rotation over the rest of this fight.
        """
        best = float(result.values[list(result.actions).index(chosen)])
        percent = percent_of_unit(self.search)
        reports = []
        for action, visits, value, prior in zip(result.actions, result.visits, result.values, result.priors, strict=True):
            what = self.compiled.actions[int(action)]
            if only is not None and what.name not in only:
                continue
            loss = max(0.0, best - float(value))
            outcomes = view.outcome_branches(int(action), OUTCOMES)
            texts = view.outcome_words(outcomes, self._words)
            reports.append(
                ActionReport(
                    what.name, _short(what.label), what.spell_id, int(visits), float(value), loss * percent, float(prior),
                    loss_damage=loss * self.search.game.unit,
                    line=tuple(self.compiled.actions[a].name for a in view.principal_line(int(action), LINE)),
                    outcomes=tuple(
                        OutcomeReport(_short(text), min(branch.probability, 1.0), branch.value)
                        for text, branch in zip(texts, outcomes, strict=True)
                    ),
                )
            )
        return tuple(sorted(reports, key=lambda r: (r.name != self.compiled.actions[chosen].name, -r.value)))

    def _node(self, view: TreeView, branch: Branch, words: str = "") -> TreeNode:
        outcomes = [child for child in branch.children if child.outcome]
        texts = iter(view.outcome_words(outcomes, self._words))
        children = tuple(self._node(view, child, next(texts) if child.outcome else "") for child in branch.children)
        action = self.compiled.actions[branch.action]
        kind, name, label = (CHANCE, words, words) if branch.outcome else (DECISION, action.name, action.label)
        return TreeNode(kind, _short(name), _short(label), branch.visits, branch.value, min(max(branch.probability, 0.0), 1.0), children)


def percent_of_unit(search: Search) -> float:
    """What one u is of the damage of the reference rotation over the rest of the fight at the root of a search, percent."""
    left = float(search.arena.nodes[0]["remaining"])
    return 100.0 * search.compiled.gcd_seconds / max(left, search.compiled.gcd_seconds)


def _short(text: str) -> str:
    return text if len(text) <= MAX_NAME else text[: MAX_NAME - 1] + "…"
