"""`python -m benchmarks`: the same reads by the official client, wandkit and the bare floor."""

from __future__ import annotations

import argparse
import json
import platform
import sys

from benchmarks import report
from benchmarks.dataset import Sizes
from benchmarks.jobs import JOBS
from benchmarks.peer import find_peer
from benchmarks.runner import Canned, Runner

_QUICK = Sizes(runs=300, steps=3000, histories=12, points=100)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--job", action="append", choices=["J1", "J2", "J3", "J4"], help="only this job; may be repeated"
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


def main() -> int:
    """Run the jobs, print the tables; 1 where a side broke or read something else."""
    chosen = _arguments()
    sizes = _QUICK if chosen.quick else Sizes()
    peer, reason = (None, "left out on request") if chosen.no_peer else find_peer(chosen.peer)
    jobs = [job for job in JOBS if not chosen.job or job.name.split()[0] in chosen.job]
    problems: list[str] = []
    collected: list[dict[str, object]] = []
    say = (
        (lambda text: print(text, file=sys.stderr, flush=True))
        if sys.stderr.isatty()
        else (lambda text: None)
    )
    with Canned(sizes) as canned:
        runner = Runner(canned, sizes, peer, say)
        ceiling = canned.ceiling()
        if not chosen.json:
            print(f"Python {platform.python_version()}; ", end="")
            print(f"the canned server gives {ceiling:,.0f} small answers a second")
            print(f"official client: {'0.31.0' if peer else f'skipped ({reason})'}\n", flush=True)
        for latency_ms in chosen.latency or ([0] if chosen.quick else [0, 50]):
            rounds = 1 if chosen.quick else (chosen.rounds or 5)
            for job in jobs:
                results = runner.run(
                    job, latency_ms, min(rounds, 3) if latency_ms else rounds, not chosen.quick
                )
                problems += report.disagreements(job, results)
                collected.append(report.as_json(job, latency_ms, results))
                if not chosen.json:
                    title = f"{job.name}: {job.title.format(**vars(sizes))}; {latency_ms} ms"
                    print(report.table(title, results))
                    print(
                        "\n".join(map(report.goal_line, report.goals(job, latency_ms, results))) + "\n",
                        flush=True,
                    )
        runner.close()
    if chosen.json:
        answer = {
            "python": platform.python_version(),
            "ceiling": ceiling,
            "peer": peer and "0.31.0",
            "jobs": collected,
        }
        print(json.dumps({**answer, "skipped": reason, "problems": problems}, indent=2))
    for problem in problems:
        print(f"problem: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
