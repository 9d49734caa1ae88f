"""A small network that learns to tell two spirals apart, in pure Python: real gradients, real losses.

One hidden layer of tanh units over a few products of the coordinates, a logistic output, stochastic gradient
descent with momentum. Everything follows from the settings, so the same settings give the same losses.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import product

__all__ = ["Hyperparameters", "Network", "grid", "train"]

Point = tuple[list[float], float]
_TURNS = 0.75
_BATCH = 16
_VALIDATE_EVERY = 10


@dataclass(frozen=True)
class Hyperparameters:
    """The settings of one training run."""

    hidden: int
    learning_rate: float
    momentum: float
    steps: int = 300
    seed: int = 7

    def as_dict(self) -> dict[str, float]:
        """The settings by name."""
        return asdict(self)


def grid(steps: int = 300) -> list[Hyperparameters]:
    """Every setting that the demo tries: 24 of them."""
    return [
        Hyperparameters(hidden, learning_rate, momentum, steps)
        for hidden, learning_rate, momentum in product((4, 8), (0.03, 0.1, 0.3, 1.0), (0.0, 0.5, 0.9))
    ]


def spirals(count: int, seed: int) -> list[Point]:
    """`count` points on two spirals with a little noise, as features and label."""
    chance = random.Random(seed)
    points: list[Point] = []
    for number in range(count):
        label = number % 2
        distance = math.sqrt(chance.random())
        angle = 2 * math.pi * _TURNS * distance + math.pi * label
        x = distance * math.cos(angle) + chance.gauss(0, 0.03)
        y = distance * math.sin(angle) + chance.gauss(0, 0.03)
        points.append(([x, y, x * x, y * y, x * y, 1.0], float(label)))
    return points


class Network:
    """The weights, and what one step does to them."""

    def __init__(self, hidden: int, seed: int) -> None:
        chance = random.Random(seed)
        self.inner: list[list[float]] = [[chance.gauss(0, 1) for _ in range(6)] for _ in range(hidden)]
        self.outer: list[float] = [chance.gauss(0, 0.5) for _ in range(hidden + 1)]
        self._inner_speed = [[0.0] * 6 for _ in range(hidden)]
        self._outer_speed = [0.0] * (hidden + 1)

    def predict(self, features: list[float]) -> tuple[list[float], float]:
        """The hidden activations and the probability of label 1."""
        activations = [math.tanh(sum(map(float.__mul__, row, features))) for row in self.inner]
        total = sum(map(float.__mul__, self.outer, activations)) + self.outer[-1]
        return activations, 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))

    def learn(self, batch: list[Point], learning_rate: float, momentum: float) -> tuple[float, float]:
        """Take one step down the gradient of `batch`; returns its mean loss and the gradient's length."""
        inner = [[0.0] * 6 for _ in self.inner]
        outer = [0.0] * len(self.outer)
        loss = 0.0
        for features, label in batch:
            activations, probability = self.predict(features)
            loss += _cross_entropy(probability, label)
            error = probability - label
            outer[-1] += error
            for unit, activation in enumerate(activations):
                outer[unit] += error * activation
                slope = error * self.outer[unit] * (1 - activation * activation)
                row = inner[unit]
                for place, value in enumerate(features):
                    row[place] += slope * value
        size = len(batch)
        rate = learning_rate / size
        self._outer_speed = _pushed(self._outer_speed, outer, rate, momentum)
        self.outer = list(map(float.__add__, self.outer, self._outer_speed))
        for unit, row in enumerate(inner):
            self._inner_speed[unit] = _pushed(self._inner_speed[unit], row, rate, momentum)
            self.inner[unit] = list(map(float.__add__, self.inner[unit], self._inner_speed[unit]))
        squares = sum(g * g for row in inner for g in row) + sum(g * g for g in outer)
        return loss / size, math.sqrt(squares) / size

    def judge(self, points: list[Point]) -> tuple[float, float]:
        """Mean loss and share of right answers on `points`."""
        loss, right = 0.0, 0
        for features, label in points:
            _, probability = self.predict(features)
            loss += _cross_entropy(probability, label)
            right += (probability > 0.5) == (label > 0.5)
        return loss / len(points), right / len(points)


def train(network: Network, settings: Hyperparameters) -> Iterator[dict[str, float]]:
    """Train `network`; yields one row of metrics for each step, validation figures every tenth."""
    train_points, held_back = spirals(240, 1), spirals(80, 2)
    chance = random.Random(settings.seed)
    for step in range(settings.steps):
        batch = chance.sample(train_points, _BATCH)
        loss, gradient = network.learn(batch, settings.learning_rate, settings.momentum)
        row = {"loss": loss, "grad_norm": gradient}
        if (step + 1) % _VALIDATE_EVERY == 0:
            row["val/loss"], row["val/accuracy"] = network.judge(held_back)
        yield row


def _pushed(speed: list[float], gradient: list[float], rate: float, momentum: float) -> list[float]:
    return [momentum * v - rate * g for v, g in zip(speed, gradient, strict=True)]


def _cross_entropy(probability: float, label: float) -> float:
    return -math.log(max(probability if label else 1 - probability, 1e-12))
