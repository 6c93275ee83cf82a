"""Every number that shapes a search, in one place, one line of meaning each.

Values are in u, the damage the reference rotation does in one global cooldown; a setting in u therefore means the same for every spec.
"""

from __future__ import annotations

from dataclasses import dataclass

from portunus.errors import PortunusError


@dataclass(frozen=True, kw_only=True)
class SearchSettings:
    """How to search. Grouped by purpose; the defaults are for play, see `for_training`.

    Attributes:
        root: `gumbel` (sequential halving over sampled actions) or `puct` (the root is a node like any other).
        considered_actions: Most actions a Gumbel root looks at, best prior (plus noise) first.
        gumbel_scale: Strength of the Gumbel noise at the root; 0 in play (deterministic), 1 in training.
        value_visits: c_visit of sigma(q) = (c_visit + most visits) * c_scale * q; larger trusts the search more, the prior less.
        value_scale: c_scale of the same formula, per u, for values whose errors average out; an evaluator that doubts its values counts less.

        caution: Standard errors by which an action must beat the favourite of an evaluator whose values are drawn (play only): in one tree in a
            trial with fresh draws, which half of the budget is kept for (`portunus.search.paired`), else by what the trees drew.
        least_gain: And by how much at least, u: what such an evaluator may be wrong by however often it is asked.
        drawn_value_scale: `value_scale` where values are drawn.
        drawn_exploration: `exploration` where values are drawn: one draw may be many u off, and a path must not follow the luckiest.

        exploration: c of PUCT: u by which a doubtful action may look worse and still be tried.
        passed_over: Power of the priors of a state whose likeliest action is the one just passed over; 1 = as they are (so where values are drawn).
        unvisited_reduction: An action never tried is taken to be worth the node's value less this, u.
        judgement_visits: A state's own judgement counts as so many visits (one where values are drawn).
        rise_share: How much of what values rise by per second searched (`portunus.search.rise`) each second searched costs; 0 = nothing, as published
            (so where values are drawn).
        sharpness: How soon a state's value moves from the mean of its actions to the best of them, per visit and u (0 = always the mean, and
            where values are drawn: the best of many draws is the luckiest).

        outcome_slots: Outcomes of one action that get a child of their own; the rest share one more. Where values are drawn all get one.
        max_depth: Decisions below the root after which a path is not prolonged.

        batch: Leaves evaluated together by an evaluator outside the kernel (never more than an eighth of the budget).
        chunk: Most simulations between two looks at the clock.
        node_capacity: Most nodes of a tree; a search with a time budget ends early when they are used up.
        certain_errors: A search with a time budget ends early when the best action leads every other by so many standard errors;
            0 = never.
        certain_lead: And by so much besides, u: what a deeper search may still change.
        reserve_ms: Part of a time budget that a planner keeps back for writing the answer until it has timed some, ms.
    """

    root: str = "gumbel"
    considered_actions: int = 16
    gumbel_scale: float = 0.0
    value_visits: float = 50.0
    value_scale: float = 0.3
    caution: float = 2.0
    least_gain: float = 0.05
    drawn_value_scale: float = 0.1
    drawn_exploration: float = 20.0

    exploration: float = 3.5
    passed_over: float = 0.3
    unvisited_reduction: float = 0.0
    judgement_visits: float = 5.0
    sharpness: float = 3.0
    rise_share: float = 1.0

    outcome_slots: int = 8
    max_depth: int = 256

    batch: int = 32
    chunk: int = 512
    node_capacity: int = 131_072
    certain_errors: float = 5.0
    certain_lead: float = 0.25
    reserve_ms: float = 4.0

    def __post_init__(self) -> None:
        if self.root not in ("gumbel", "puct"):
            raise PortunusError(f"search settings: root is {self.root!r}", hint="It is 'gumbel' or 'puct'.")
        for name in ("considered_actions", "outcome_slots", "max_depth", "batch", "chunk", "node_capacity"):
            if getattr(self, name) < 1:
                raise PortunusError(f"search settings: {name} is {getattr(self, name)}, expected 1 or more")
        for name in (
            "gumbel_scale", "value_visits", "value_scale", "caution", "least_gain", "drawn_value_scale", "drawn_exploration", "certain_errors",
            "certain_lead", "exploration", "passed_over", "unvisited_reduction", "judgement_visits", "sharpness", "rise_share", "reserve_ms",
        ):  # fmt: skip
            if not 0 <= getattr(self, name) < 1e9:
                raise PortunusError(f"search settings: {name} is {getattr(self, name)}, expected a number of at least 0")

    @classmethod
    def for_training(cls, **changes: object) -> SearchSettings:
        """Settings for self-play: Gumbel noise on, so that every action is tried sooner or later, and values that trust no single judgement."""
        # what the networks were trained with
        kept = {"value_scale": 0.1, "exploration": 2.5, "passed_over": 1.0, "judgement_visits": 1.0, "sharpness": 0.02, "rise_share": 0.0}
        return cls(**{"gumbel_scale": 1.0, "node_capacity": 8192, **kept, **changes})
