"""`python -m benchmarks`: the same reads by the official client, wandkit and the bare floor."""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Iterator

from benchmarks import report
from benchmarks.dataset import Sizes
from benchmarks.jobs import JOBS, Job
from benchmarks.peer import find_peer
from benchmarks.runner import Canned, Result, Runner

_QUICK = Sizes(runs=300, steps=3000, histories=12, points=100, megabytes=8, entries=200)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--job",
        action="append",
        choices=["J1", "J2", "J3", "J4", "J5"],
        help="only this job; may be repeated",
    )
    parser.add_argument(
        "--quick", action="store_true", help="tiny sizes, one round: shows that it works, measures nothing"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object, every round included")
    parser.add_argument("--rounds", type=int, help="rounds at 0 ms (default 5; with a delay at most 3)")
    parser.add_argument(
        "--latency", type=int, action="append", metavar="MS", help="delay of each answer (default 0 and 50)"
    )
    parser.add_argument(
        "--peer", metavar="PYTHON", help="an interpreter that has the official client 0.31.0 and pandas"
    )
    parser.add_argument("--no-peer", action="store_true", help="leave the official client out")
    return parser.parse_args()


def _say(text: str) -> None:
    if sys.stderr.isatty():
        print(text, file=sys.stderr, flush=True)


def _rounds(chosen: argparse.Namespace, latency_ms: int) -> int:
    if chosen.quick:
        return 1
    rounds: int = chosen.rounds or 5
    return min(rounds, 3) if latency_ms else rounds


def _measure(
    chosen: argparse.Namespace, canned: Canned, runner: Runner
) -> Iterator[tuple[Job, int, list[Result]]]:
    """Each job at each delay, with its results."""
    jobs = [job for job in JOBS if not chosen.job or job.name.split()[0] in chosen.job]
    for latency_ms in chosen.latency or ([0] if chosen.quick else [0, 50]):
        for job in jobs:
            if latency_ms and not job.delays:
                continue
            yield job, latency_ms, runner.run(job, latency_ms, _rounds(chosen, latency_ms), not chosen.quick)


def _print(
    chosen: argparse.Namespace, sizes: Sizes, job: Job, latency_ms: int, results: list[Result]
) -> None:
    print(report.table(f"{job.name}: {job.title.format(**vars(sizes))}; {latency_ms} ms", results))
    if not chosen.quick:
        for goal in report.goals(job, latency_ms, results):
            print(report.goal_line(goal))
    print(flush=True)


def main() -> int:
    """Run the jobs, print the tables; 1 where a side broke or read something else."""
    chosen = _arguments()
    sizes = _QUICK if chosen.quick else Sizes()
    peer, reason = (None, "left out on request") if chosen.no_peer else find_peer(chosen.peer)
    problems: list[str] = []
    collected: list[dict[str, object]] = []
    with Canned(sizes) as canned:
        runner = Runner(canned, sizes, peer, _say)
        facts = {
            "python": platform.python_version(),
            "small_answers_per_second": round(canned.ceiling()),
            "official": "0.31.0" if peer else f"skipped: {reason}",
        }
        if not chosen.json:
            print(
                "\n".join(f"{name.replace('_', ' ')}: {value}" for name, value in facts.items()) + "\n",
                flush=True,
            )
        for job, latency_ms, results in _measure(chosen, canned, runner):
            problems += report.disagreements(job, results)
            collected.append(report.as_json(job, latency_ms, results))
            if not chosen.json:
                _print(chosen, sizes, job, latency_ms, results)
        runner.close()
    if chosen.json:
        print(json.dumps({**facts, "jobs": collected, "problems": problems}, indent=2))
    for problem in problems:
        print(f"problem: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
