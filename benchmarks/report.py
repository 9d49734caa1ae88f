"""Results as a table, and the goals beside the ratios."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from benchmarks.jobs import Job
from benchmarks.runner import Result

__all__ = ["as_json", "disagreements", "goals", "table"]


def table(title: str, results: list[Result]) -> str:
    """One job at one delay: a line for each side."""
    found = {r.side: r for r in results if r.rounds}
    ours = found.get("wandkit")
    lines = [
        title,
        f"  {'':15}{'seconds':>10}{'ratio':>9}{'cpu s':>8}{'requests':>10}{'MB in':>9}{'peak MB':>9}  read",
    ]
    for result in results:
        if not result.rounds:
            lines.append(f"  {result.side:15} failed: {result.failure}")
            continue
        last = result.rounds[-1]
        ratio = f"{result.seconds / ours.seconds:.2f} ×" if ours else "-"
        peak = f"{result.peak_mb:.0f}" + (f"+{result.children_mb:.0f}" if result.children_mb else "")
        lines.append(
            f"  {result.side:15}{result.seconds:10.3f}{ratio:>9}{result.cpu_seconds:8.2f}{last.requests:10,}"
            f"{last.received_bytes / 1e6:9.1f}{peak:>9}  {last.checksum}"
            + (f"  (+{result.above_mb:.0f} MB for the job)" if last.above_mb else "")
            + (f"  (extrapolated × {result.scale:g})" if result.scale != 1 else "")
        )
        if last.unknown:
            lines.append(f"  {'':15}asked for what the canned server does not know: {last.unknown}")
    return "\n".join(lines)


def goals(job: Job, latency_ms: int, results: list[Result]) -> Iterator[dict[str, Any]]:
    """What was aimed at and what came out, for the sync and the async side each."""
    found = {r.side: r for r in results if r.rounds}
    floors = [found[name].seconds for name in ("floor", "floor async") if name in found]
    for name in ("wandkit", "wandkit async"):
        if name not in found:
            continue
        ours = found[name]
        for (opponent, delay), factor in job.faster.items():
            if delay == latency_ms and opponent in found:
                yield _goal(
                    name, f"faster than {opponent}", found[opponent].seconds / ours.seconds, factor, True
                )
        if job.floor and floors and latency_ms == 0:
            yield _goal(name, "times the best floor", ours.seconds / min(floors), job.floor, False)
        if job.memory and "official" in found and found["official"].scale == 1:
            yield _goal(
                name,
                "of the official peak memory",
                ours.total_mb / found["official"].total_mb,
                job.memory,
                False,
            )
        if job.above_mb:
            yield _goal(name, "MB of memory above the baseline", ours.above_mb, job.above_mb, False)
        if job.seconds and latency_ms == 0:
            yield _goal(name, "seconds", ours.seconds, job.seconds, False)


def _goal(side: str, what: str, value: float, aim: float, at_least: bool) -> dict[str, Any]:
    met = value >= aim if at_least else value <= aim
    return {"side": side, "what": what, "value": value, "goal": aim, "at_least": at_least, "met": met}


def goal_line(goal: dict[str, Any]) -> str:
    """One goal in words."""
    aim = f"{'at least' if goal['at_least'] else 'at most'} {goal['goal']:g}"
    verdict = "met" if goal["met"] else "MISSED"
    return f"  {goal['side']:15}{goal['value']:10.2f}  {goal['what']} (goal: {aim}) {verdict}"


def disagreements(job: Job, results: list[Result]) -> list[str]:
    """Sides that did not read what the others read, or broke; empty when all is well."""
    problems = [f"{job.name}: {r.side} failed: {r.failure}" for r in results if r.failure]
    heads = {m.head for r in results for m in r.rounds if m.head}
    read = {m.checksum for r in results if r.scale == 1 for m in r.rounds}
    if len(read) > 1:
        listed = ", ".join(f"{r.side}={r.rounds[-1].checksum}" for r in results if r.rounds)
        problems.append(f"{job.name}: checksums differ: {listed}")
    for result in results:
        if result.scale != 1 and {m.checksum for m in result.rounds} != heads:
            problems.append(f"{job.name}: {result.side} read other first runs than the floor")
    return problems


def as_json(job: Job, latency_ms: int, results: list[Result]) -> dict[str, Any]:
    """The same as one JSON object, every round included."""
    sides = [
        {**asdict(r), "seconds": r.seconds, "peak_mb": r.peak_mb} if r.rounds else asdict(r) for r in results
    ]
    return {
        "job": job.name,
        "latency_ms": latency_ms,
        "sides": sides,
        "goals": list(goals(job, latency_ms, results)),
    }
