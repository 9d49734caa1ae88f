"""The bayesian search: better than chance, the same for the same seed, and fed by the runs of its sweep."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable
from statistics import median
from typing import Any

import pytest

from wandkit.server.sweep_bayes import Tried, bayes_point
from wandkit.server.sweep_search import random_point
from wandkit.testing import Server

Search = Callable[[dict[str, Any], list[Tried], random.Random], dict[str, Any]]

BOWL = {
    "x": {"distribution": "uniform", "min": -5.0, "max": 5.0},
    "y": {"distribution": "uniform", "min": -5.0, "max": 5.0},
}
MIXED = {
    "lr": {"distribution": "log_uniform_values", "min": 1e-6, "max": 1.0},
    "optimizer": {"values": ["adam", "sgd", ["odd", 1], None]},
    "net": {"parameters": {"layers": {"min": 1, "max": 12}, "seed": {"value": 3}}},
}
AGENT = """mutation Agent($sweep: String!) {
  createAgent(input: {host: "box", entityName: "ada", projectName: "p", sweep: $sweep}) { agent { id } }
}"""
BEAT = """mutation Beat($id: ID!) { agentHeartbeat(input: {id: $id, runState: "{}"}) { commands } }"""


def bowl(args: dict[str, Any]) -> float:
    """Return how far a point is from the best one of `BOWL`."""
    return float((args["x"]["value"] - 1) ** 2 + (args["y"]["value"] + 2) ** 2)


def mixed(args: dict[str, Any]) -> float:
    """Return how far a point is from the best one of `MIXED`."""
    choice = {"adam": 1.0, "sgd": 0.0}.get(str(args["optimizer"]["value"]), 2.0)
    layers = abs(args["net"]["value"]["layers"] - 7) * 0.3
    return float((math.log10(args["lr"]["value"]) + 3) ** 2 + choice + layers)


def at_random(config: dict[str, Any], _tried: list[Tried], rng: random.Random) -> dict[str, Any]:
    """Search as a random search does."""
    return random_point(config, rng)


def best_of(
    search: Search, parameters: dict[str, Any], loss: Callable[[dict[str, Any]], float], seed: int
) -> float:
    """Return the smallest loss of fifty points."""
    rng, tried = random.Random(seed), list[Tried]()
    for _ in range(50):
        args = search({"method": "bayes", "parameters": parameters}, tried, rng)
        tried.append((args, loss(args)))
    return min(found for _, found in tried if found is not None)


@pytest.mark.parametrize(("parameters", "loss"), [(BOWL, bowl), (MIXED, mixed)], ids=["bowl", "mixed"])
def test_it_beats_a_random_search(
    parameters: dict[str, Any], loss: Callable[[dict[str, Any]], float]
) -> None:
    mine = [best_of(bayes_point, parameters, loss, seed) for seed in range(15)]
    others = [best_of(at_random, parameters, loss, seed) for seed in range(15)]
    assert median(mine) < 0.5 * median(others)


def test_the_same_seed_gives_the_same_point() -> None:
    rng = random.Random(1)
    config = {"method": "bayes", "parameters": MIXED}
    tried: list[Tried] = [(args, mixed(args)) for args in (random_point(config, rng) for _ in range(20))]
    found = [bayes_point(config, tried, random.Random(seed)) for seed in (5, 5, 6)]
    assert found[0] == found[1] != found[2]


def test_without_enough_results_it_is_random() -> None:
    config = {"method": "bayes", "parameters": BOWL}
    args = random_point(config, random.Random(1))
    tried: list[Tried] = [(args, 1.0)] * 5 + [(args, None)] * 50
    assert bayes_point(config, tried, random.Random(2)) == random_point(config, random.Random(2))


def test_runs_with_other_values_do_no_harm() -> None:
    rng = random.Random(1)
    config = {"method": "bayes", "parameters": MIXED}
    odd: list[Tried] = [
        ({}, 0.0),
        ({"lr": {"value": "1e-3"}, "net": {"value": 5}}, 0.1),
        ({"lr": {"value": float("nan")}, "optimizer": 3}, 0.2),
        ({"lr": {"value": -1e300}, "net": {"value": {"layers": 1e300}}}, 0.3),
    ]
    args = bayes_point(config, odd * 3, rng)
    assert 1e-6 <= args["lr"]["value"] <= 1
    assert 1 <= args["net"]["value"]["layers"] <= 12
    assert args["net"]["value"]["seed"] == 3


def test_a_sweep_learns_from_its_runs_and_prior_ones() -> None:
    with Server() as server:
        server.add_user("ada")
        with server.api("ada") as api:
            for place in range(12):
                x = place / 11
                run = api.create_run(run_id=f"prior{place}", project="p", config={"x": x})
                run.summary["score"] = x
                run.update()
                run.finish()
            config = {
                "method": "bayes",
                "metric": {"name": "score", "goal": "maximize"},
                "parameters": {"x": {"min": 0.0, "max": 1.0}},
            }
            sweep = api.create_sweep(config, "p", prior_runs=[f"prior{place}" for place in range(12)])
            values: list[float] = []
            for _ in range(15):
                made = api.client.execute(AGENT, variable_values={"sweep": sweep.id})
                variables = {"id": made["createAgent"]["agent"]["id"]}
                answer = api.client.execute(BEAT, variable_values=variables)
                values.append(json.loads(answer["agentHeartbeat"]["commands"])[0]["args"]["x"]["value"])
    assert len(set(values)) == 15
    assert median(values) > 0.6
