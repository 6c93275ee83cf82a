"""What a comparison with reference results says, as JSON values, as rows of a report and as a page of the documentation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from portunus.sim.compare import (
    CASTS_LEAST,
    CASTS_TOLERANCE,
    DAMAGE_TOLERANCE,
    DPS_TOLERANCE,
    ERRORS_ALLOWED,
    EXACT_TOLERANCE,
    ROUNDING,
    TARGET_ERROR,
    UPTIME_TOLERANCE,
    ActionComparison,
    Difference,
    ScenarioComparison,
)

if TYPE_CHECKING:
    from portunus.sim.prepared import Refusal
    from portunus.sim.report import ComparisonRow


def verdict(results: list[ScenarioComparison], refused: Sequence[Refusal] = ()) -> str:
    """The comparison in one sentence."""
    passed = sum(r.passed for r in results)
    parts = []
    judged = [r for r in results if r.judged]
    if judged:
        worst = max(judged, key=lambda r: abs(r.dps.percent))
        parts.append(f"largest difference in DPS {percent(worst.dps.percent, digits=3)} ({worst.name})")
    replayed = [r for r in results if r.exact is not None]
    if replayed:
        exact = sum(r.exact is not None and r.exact.passed for r in replayed)
        largest = max(r.exact.largest for r in replayed if r.exact is not None)
        parts.append(f"{exact} of {len(replayed)} replayed exactly (largest relative difference {largest:.1e})")
    if refused:
        parts.append(f"{len(refused)} could not be compared")
    return f"{passed} of {len(results) + len(refused)} scenarios agree with the reference; " + "; ".join(parts)


@dataclass(frozen=True)
class SpecSummary:
    """What the comparison of one spec's files came to.

    Attributes:
        files: How many there are; refused: how many of them could not be compared.
        agree: How many agree. exact: How many of the `replayed` ones were equal in every fight.
        worst_dps: The largest difference in DPS, percent; None where no means were judged.
    """

    spec: str
    files: int
    refused: int
    agree: int
    replayed: int
    exact: int
    worst_dps: float | None


def summaries(results: Sequence[ScenarioComparison], refused: Sequence[Refusal] = ()) -> list[SpecSummary]:
    """A summary for each spec, in the order in which they come; what could not be read stands under the name of its folder."""
    rows = []
    for spec in dict.fromkeys([*(r.spec for r in results), *(r.path.resolve().parent.name for r in refused)]):
        mine = [r for r in results if r.spec == spec]
        not_read = sum(r.path.resolve().parent.name == spec for r in refused)
        replayed = [r.exact for r in mine if r.exact is not None]
        worst = max((r.dps.percent for r in mine if r.judged), key=abs, default=None)
        rows.append(SpecSummary(spec, len(mine) + not_read, not_read, sum(r.passed for r in mine), len(replayed), sum(e.passed for e in replayed), worst))
    return rows


SUMMARY_HEADER = ("spec", "files", "agree", "replayed exactly", "largest difference in DPS")


def summary_cells(row: SpecSummary) -> tuple[str, ...]:
    """A summary as the cells of a table."""
    return (row.spec, str(row.files), str(row.agree), f"{row.exact} of {row.replayed}" if row.replayed else "",
            "" if row.worst_dps is None else percent(row.worst_dps, digits=3))


def casts_text(action: ActionComparison | None) -> str:
    """The worst casts of a scenario as a reader sees them: `Scorch +0.12 %`, or `all equal` to the digits the reference prints."""
    if action is None:
        return ""
    equal = abs(action.casts.ours - action.casts.reference) <= ROUNDING
    return "all equal" if equal else f"{action.label} {percent(action.casts.percent)}"


def percent(value: float, *, digits: int = 2) -> str:
    """A difference in percent with its sign; never a negative zero."""
    if not math.isfinite(value):
        return "only here"
    rounded = round(value, digits)
    return f"{rounded if rounded else 0.0:+.{digits}f} %"


def report_rows(results: list[ScenarioComparison]) -> tuple[ComparisonRow, ...]:
    """Rows for the report page."""
    from portunus.sim.report import ComparisonRow

    return tuple(
        ComparisonRow(scenario=r.name, dps=r.dps.ours, reference_dps=r.dps.reference, dps_difference_percent=r.dps.percent,
                      worst_casts=casts_text(r.worst_casts), passed=r.passed)
        for r in results
    )


def comparison_document(results: list[ScenarioComparison], refused: Sequence[Refusal] = (), *, version: str) -> dict[str, Any]:
    """Every figure of a comparison as plain JSON values."""
    return {
        "version": version,
        "passed": all(r.passed for r in results) and not refused,
        "specs": [asdict(row) for row in summaries(results, refused)],
        "refused": [{"file": str(r.path), "reason": r.error.message} for r in refused],
        "tolerances": {"dps_share": DPS_TOLERANCE, "casts_share": CASTS_TOLERANCE, "casts": CASTS_LEAST, "damage_share": DAMAGE_TOLERANCE, "uptime_share": UPTIME_TOLERANCE, "standard_errors": ERRORS_ALLOWED, "exact": EXACT_TOLERANCE},
        "scenarios": [_scenario_document(r) for r in results],
    }


def _scenario_document(result: ScenarioComparison) -> dict[str, Any]:
    return {
        "name": result.name, "spec": result.spec, "passed": result.passed, "judged": result.judged, "failures": list(result.failures),
        "fights": result.fights, "reference_fights": result.reference_fights, "seconds": result.seconds,
        "dps": {**_difference(result.dps), "standard_error": _finite(result.dps_error), "reference_standard_error": result.reference_error},
        "actions": [
            {"label": a.label, "kind": a.key.kind, "id": a.key.number, "tag": a.key.tag, "pet": a.key.pet, "casts": _difference(a.casts),
             "hits": _difference(a.hits), "crits": _difference(a.crits), "damage": _difference(a.damage)}
            for a in result.actions
        ],
        "auras": [{"label": a.label, "id": a.spell_id, "tag": a.tag, "uptime_s": _difference(a.uptime_s), "procs": _difference(a.procs)}
                  for a in result.auras],
        "left_out": list(result.left_out),
        "exact": None if result.exact is None else {
            "passed": result.exact.passed, "largest": _finite(result.exact.largest), "first_different": result.exact.first_different,
            "differences": [_finite(d) for d in result.exact.differences]},
    }  # fmt: skip


def _difference(difference: Difference) -> dict[str, Any]:
    document: dict[str, Any] = {"ours": difference.ours, "reference": difference.reference, "percent": _finite(difference.percent)}
    if math.isfinite(difference.tolerance):
        document |= {"tolerance": difference.tolerance, "passed": difference.passed}
    return document


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


# ---- the page ----------------------------------------------------------------------------------------------------------------------

_PAGE = """# Agreement with the reference simulator

This page is written by

    {command}

and holds nothing that was not measured in that run. The reference is wowsims/wotlk (MIT, commit c844d221). Some of its results lie under
`tests/golden/`: each file holds a scenario (character, fight, priority list) and what came out of it, and is read as it is.

## What is compared

- **DPS**: the mean over the fights, player and pets. It passes within {dps:g} % or {errors:g} standard errors of the difference, whichever is wider.
- **Casts** of every action, per fight: within {casts:g} %, {least:g} casts or {errors:g} standard errors; of what is only a part of something else the
  reference counts no casts, and they are not judged. **Damage** of every action: within {damage:g} % or {errors:g} standard errors. **Uptime** of every aura
  that both know: within {uptime:g} percentage point or {errors:g} standard errors. The reference gives no errors for these; its own are taken to be
  ours, scaled by the numbers of fights.
- **Hits and procs** are reported, not judged. The two count some of them differently: the reference counts the hit of a missile when the
  cast ends, this simulator when it lands, so the last one in flight is missing here; and for effects that are added up (Ignite) the reference
  counts only the first application as a proc.
- **Exact replay**: single fights with the reference's random stream, its artefacts switched on. A relative difference in DPS of at most
  {exact:g} counts as exact.

Fights use the reference's seeds. Unless a number of fights is asked for, a scenario stops when the standard error of our mean is below
{target:g} % of it, and never plays more fights than the reference did. With as many fights as the reference, the means are means over the very
same fights; so a scenario outside a tolerance is played on, up to the reference's number, before it is called different.

## Result

{verdict}.

{summary}

{table}
"""


def fidelity_page(results: list[ScenarioComparison], refused: Sequence[Refusal] = (), *, command: str) -> str:
    """The comparison as a page in Markdown; a pure function of the results."""
    exact = any(r.exact is not None for r in results)
    header = ["spec", "scenario", "fights", "DPS", "reference", "difference", "tolerance", "worst casts"] + (["exact replay"] if exact else []) + ["agrees"]
    rows = []
    for r in results:
        cells = [r.spec, r.name, f"{r.fights:,}", f"{r.dps.ours:.2f} ± {r.dps_error:.2f}", f"{r.dps.reference:.2f} ± {r.reference_error:.2f}",
                 percent(r.dps.percent, digits=3), f"{r.dps.tolerance_percent:.2f} %", casts_text(r.worst_casts)]
        if exact:
            cells.append("" if r.exact is None else f"{r.exact.largest:.1e}")
        rows.append([*cells, "yes" if r.passed else "**no**"])
    page = _PAGE.format(
        command=command, dps=DPS_TOLERANCE * 100, casts=CASTS_TOLERANCE * 100, least=CASTS_LEAST, damage=DAMAGE_TOLERANCE * 100, uptime=UPTIME_TOLERANCE * 100, errors=ERRORS_ALLOWED, exact=EXACT_TOLERANCE, target=TARGET_ERROR * 100,
        verdict=verdict(results, refused), table=_table(header, rows), summary=_table(list(SUMMARY_HEADER), [list(summary_cells(row)) for row in summaries(results, refused)]),
    )  # fmt: skip
    failed = [r for r in results if not r.passed]
    if failed:
        page += "\n## Outside tolerance\n\n" + "".join(f"- {r.spec}, **{r.name}**: {'; '.join(r.failures)}\n" for r in failed)
    if refused:
        page += "\n## Not compared\n\n" + "".join(f"- {r.path.resolve().parent.name}, **{r.path.stem}**: {r.error.message.splitlines()[0]}\n" for r in refused)
    page += "\n## Actions\n\nThe largest difference of each action over all scenarios in which it does at least one damage or cast a fight.\n\n" + _actions(results)
    left = sorted({name for r in results for name in r.left_out})
    if left:
        page += f"\nBookkeeping of the reference that is no action and is not compared: {', '.join(left)}.\n"
    return page


def _actions(results: list[ScenarioComparison]) -> str:
    worst: dict[str, dict[str, tuple[float, str]]] = {}
    for result in results:
        for action in result.actions:
            figures = worst.setdefault(action.label, {})
            for name, difference in (("casts", action.casts), ("hits", action.hits), ("damage", action.damage)):
                if difference.reference >= 1 and abs(difference.percent) >= abs(figures.get(name, (0.0, ""))[0]):
                    figures[name] = (difference.percent, result.name)

    def cell(figure: tuple[float, str] | None) -> str:
        if figure is None:
            return ""
        text = percent(figure[0])
        return text if text == percent(0.0) else f"{text} ({figure[1]})"

    rows = [[label, *(cell(figures.get(name)) for name in ("casts", "hits", "damage"))] for label, figures in sorted(worst.items()) if figures]
    return _table(["action", "casts", "hits and ticks", "damage"], rows) + "\n"


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = (header, ["---"] * len(header), *rows)
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |" for cells in lines)
