"""A choice among some of the legal actions only: the others are taken off the root, and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from portunus.errors import PortunusError
from portunus.search.tree import ROOT, Arena

if TYPE_CHECKING:
    from portunus.runtime.signature import Action


def restrict_root(actions: Sequence[Action], arena: Arena, allowed: np.ndarray) -> None:
    """Keep those edges of a root just judged whose action is allowed; their priors sum to 1 again.

    Args:
        actions: All actions, for the message.
        arena: A tree of one node.
        allowed: bool [A].

    Raises:
        PortunusError: No legal action is left.
    """
    edges = arena.edges[: arena.nodes[ROOT]["edges"]]
    if len(edges) == 0:
        return
    chosen = np.flatnonzero(np.asarray(allowed, bool)[edges["action"]])
    if len(chosen) == 0:
        raise PortunusError(
            "none of the allowed actions can be taken in this state",
            hint=f"Possible here: {', '.join(actions[int(a)].name for a in edges['action'])}.",
        )
    kept = edges[chosen]
    total = float(kept["prior"].sum())
    kept["prior"] = kept["prior"] / total if total > 0 else 1.0 / len(kept)
    arena.edges[: len(kept)] = kept
    arena.scores[:, : len(kept)] = arena.scores[:, chosen]
    arena.nodes[ROOT]["edges"] = len(kept)
