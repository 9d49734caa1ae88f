"""What a metric of a run must do: pass a threshold, change by an amount, or stray from its mean.

RunEvent.metric("loss").avg(10) < 0.1
RunEvent.metric("loss").increases_by(frac=0.5)
abs(RunEvent.metric("loss").zscore(30)) > 3
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, NoReturn, TypeAlias

from pydantic import BeforeValidator, ConfigDict, Field, SerializeAsAny, StrictFloat, StrictInt

from wandkit._core.checked import Checked
from wandkit._core.model import OpenEnum
from wandkit.automation.condition import EVERYTHING, Condition, ConditionLike, Undecided
from wandkit.automation.kind import EventType
from wandkit.errors import ArgumentError, ArgumentTypeError

__all__ = [
    "Aggregation", "ChangeDirection", "ChangeType", "Metric", "MetricChangeFilter", "MetricFilter",
    "MetricThresholdFilter", "MetricZScoreFilter", "RunMetricFilter", "ZScore",
]  # fmt: skip

Number: TypeAlias = StrictInt | StrictFloat
Comparison: TypeAlias = Literal["$gt", "$gte", "$lt", "$lte"]
_COMPARISONS = {">": "$gt", ">=": "$gte", "<": "$lt", "<=": "$lte"}


class Aggregation(OpenEnum):
    """How the values of a window become one."""

    MAX = "MAX"
    MIN = "MIN"
    AVERAGE = "AVERAGE"


class ChangeType(OpenEnum):
    """Whether a change is a difference or a fraction of what was."""

    ABSOLUTE = "ABSOLUTE"
    RELATIVE = "RELATIVE"


class ChangeDirection(OpenEnum):
    """Which way a metric goes."""

    INCREASE = "INCREASE"
    DECREASE = "DECREASE"
    ANY = "ANY"


class MetricFilter(Undecided, Checked):
    """What the filters of metrics share. Combine one with a condition on runs by `&`."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid", populate_by_name=True, validate_assignment=True
    )
    EVENT: ClassVar[EventType]
    KEY: ClassVar[str]

    name: str
    """The metric."""

    threshold: Number
    """What the value, its change or its score is compared with."""

    def __and__(self, other: ConditionLike) -> RunMetricFilter:
        """Return the filter for runs that meet the condition as well."""
        return RunMetricFilter(self, Condition.of(other))

    def __rand__(self, other: ConditionLike) -> RunMetricFilter:
        """Return the filter for runs that meet the condition as well."""
        return RunMetricFilter(self, Condition.of(other))


class MetricThresholdFilter(MetricFilter):
    """A metric, or its aggregate over a window, is above or below a threshold."""

    EVENT: ClassVar[EventType] = EventType.RUN_METRIC
    KEY: ClassVar[str] = "threshold_filter"

    agg: Aggregation | None = Field(default=None, alias="agg_op")
    """How the window becomes one value; None takes the newest value."""

    window: int = Field(default=1, alias="window_size", ge=1)
    """How many values are aggregated."""

    cmp: Annotated[Comparison, BeforeValidator(lambda found: _COMPARISONS.get(found, found))] = Field(
        alias="cmp_op"
    )
    """How the value is compared with the threshold."""

    threshold: Number
    """What the value is compared with."""


class MetricChangeFilter(MetricFilter):
    """A metric, or its aggregate over a window, has changed since the window before."""

    EVENT: ClassVar[EventType] = EventType.RUN_METRIC_CHANGE
    KEY: ClassVar[str] = "change_filter"

    agg: Aggregation | None = Field(default=None, alias="agg_op")
    """How a window becomes one value; None takes the newest value."""

    window: int = Field(default=1, alias="current_window_size", ge=1)
    """How many values are aggregated."""

    prior_window: int = Field(default=1, alias="prior_window_size", ge=1)
    """How many values before those are aggregated to compare with."""

    change_type: ChangeType
    """Whether `threshold` is a difference or a fraction."""

    change_dir: ChangeDirection
    """Which way the metric has to go."""

    threshold: Number = Field(alias="change_amount", gt=0)
    """How much it has to change."""


class MetricZScoreFilter(MetricFilter):
    """A metric is so many standard deviations away from its mean over a window."""

    EVENT: ClassVar[EventType] = EventType.RUN_METRIC_ZSCORE
    KEY: ClassVar[str] = "zscore_filter"

    window: int = Field(default=30, alias="window_size", ge=1)
    """How many values give the mean and the deviation."""

    threshold: Number = Field(default=3.0, gt=0)
    """How many standard deviations away."""

    change_dir: ChangeDirection = ChangeDirection.ANY
    """Whether above the mean, below it, or either."""


@dataclass(frozen=True)
class RunMetricFilter(Undecided):
    """What a metric must do, and of which runs.

    Attributes:
        metric: What the metric must do.
        run: What the runs must be like; all by default.
    """

    metric: SerializeAsAny[MetricFilter]
    run: Condition = EVERYTHING

    def __and__(self, other: ConditionLike) -> RunMetricFilter:
        """Return the filter for runs that meet the condition as well."""
        return RunMetricFilter(self.metric, self.run & other)

    def __rand__(self, other: ConditionLike) -> RunMetricFilter:
        """Return the filter for runs that meet the condition as well."""
        return self & other


class _Ordered:
    """What is compared with a number by order alone: an automation cannot wait for an exact value."""

    __slots__ = ()

    def __eq__(self, other: object) -> NoReturn:
        """Refuse: there is no such filter.

        Raises:
            ArgumentTypeError: Always.
        """
        raise ArgumentTypeError(
            "Automations compare metrics by order alone, not by == or !=.",
            next_step="Use >, >=, < or <=.",
        )

    def __ne__(self, other: object) -> NoReturn:
        """Refuse, as `==` does."""
        self.__eq__(other)

    def __hash__(self) -> int:
        """Return a number that all of them share."""
        return hash(_Ordered)


class Metric(_Ordered):
    """A metric of runs, as it is or aggregated over a window. Get it from `RunEvent.metric`.

    Attributes:
        name: The metric.
        agg: How the window becomes one value.
        window: How many values are aggregated.
    """

    __slots__ = ("agg", "name", "window")

    def __init__(self, name: str, agg: Aggregation | None = None, window: int = 1) -> None:
        _check_window(window)
        self.name: str = name
        self.agg: Aggregation | None = agg
        self.window: int = window

    def max(self, window: int) -> Metric:
        """Return the greatest of the last `window` values."""
        return Metric(self.name, Aggregation.MAX, window)

    def min(self, window: int) -> Metric:
        """Return the least of the last `window` values."""
        return Metric(self.name, Aggregation.MIN, window)

    def avg(self, window: int) -> Metric:
        """Return the average of the last `window` values."""
        return Metric(self.name, Aggregation.AVERAGE, window)

    def mean(self, window: int) -> Metric:
        """Return the average of the last `window` values; the same as `avg`."""
        return self.avg(window)

    def zscore(self, window: int) -> ZScore:
        """Return how many standard deviations the metric is away from its mean over `window` values."""
        return ZScore(self.name, window)

    def gt(self, value: float, /) -> MetricThresholdFilter:
        """Return the filter for a value above this one."""
        return self._compare("$gt", value)

    def gte(self, value: float, /) -> MetricThresholdFilter:
        """Return the filter for this value or one above it."""
        return self._compare("$gte", value)

    def lt(self, value: float, /) -> MetricThresholdFilter:
        """Return the filter for a value below this one."""
        return self._compare("$lt", value)

    def lte(self, value: float, /) -> MetricThresholdFilter:
        """Return the filter for this value or one below it."""
        return self._compare("$lte", value)

    def __gt__(self, value: float) -> MetricThresholdFilter:
        """Return the filter for a value above this one."""
        return self.gt(value)

    def __ge__(self, value: float) -> MetricThresholdFilter:
        """Return the filter for this value or one above it."""
        return self.gte(value)

    def __lt__(self, value: float) -> MetricThresholdFilter:
        """Return the filter for a value below this one."""
        return self.lt(value)

    def __le__(self, value: float) -> MetricThresholdFilter:
        """Return the filter for this value or one below it."""
        return self.lte(value)

    def changes_by(self, diff: float | None = None, frac: float | None = None) -> MetricChangeFilter:
        """Return the filter for a change either way, by a difference or by a fraction.

        Args:
            diff: How much, as a difference; more than 0.
            frac: How much, as a fraction of the value before: 0.1 is a tenth; more than 0.

        Raises:
            ArgumentError: Both are given or none, or it is not more than 0.
        """
        return self._change(ChangeDirection.ANY, diff, frac)

    def increases_by(self, diff: float | None = None, frac: float | None = None) -> MetricChangeFilter:
        """Return the filter for a rise, by a difference or by a fraction; arguments as `changes_by`.

        Raises:
            ArgumentError: Both are given or none, or it is not more than 0.
        """
        return self._change(ChangeDirection.INCREASE, diff, frac)

    def decreases_by(self, diff: float | None = None, frac: float | None = None) -> MetricChangeFilter:
        """Return the filter for a fall, by a difference or by a fraction; arguments as `changes_by`.

        Raises:
            ArgumentError: Both are given or none, or it is not more than 0.
        """
        return self._change(ChangeDirection.DECREASE, diff, frac)

    def _compare(self, operator: Comparison, value: float) -> MetricThresholdFilter:
        return MetricThresholdFilter(
            name=self.name,
            agg_op=self.agg,
            window_size=self.window,
            cmp_op=operator,
            threshold=_number(value, "A threshold"),
        )

    def _change(
        self, direction: ChangeDirection, diff: float | None, frac: float | None
    ) -> MetricChangeFilter:
        if (diff is None) == (frac is None):
            raise ArgumentError(
                "A change is a difference or a fraction.", next_step="Pass either `diff=` or `frac=`."
            )
        name, given = ("diff", diff) if frac is None else ("frac", frac)
        amount = _number(given, f"`{name}`")
        if not amount > 0:
            raise ArgumentError(f"`{name}` must be more than 0, not {amount!r}.")
        return MetricChangeFilter(
            name=self.name,
            agg_op=self.agg,
            current_window_size=self.window,
            prior_window_size=self.window,
            change_type=ChangeType.ABSOLUTE if frac is None else ChangeType.RELATIVE,
            change_dir=direction,
            change_amount=amount,
        )

    def __repr__(self) -> str:
        """Return what is watched."""
        shown = f"{self.agg.value}({self.name}, {self.window})" if self.agg else self.name
        return f"<Metric {shown}>"


class ZScore(_Ordered):
    """How far a metric is from its mean, in standard deviations. Get it from `RunEvent.metric(…).zscore`.

    Above is `> 3`, below is `< -3`, either is `abs(…) > 3`; `>=` and `<=` are the same as `>` and `<`.
    """

    __slots__ = ("absolute", "name", "window")

    def __init__(self, name: str, window: int, absolute: bool = False) -> None:
        _check_window(window)
        self.name: str = name
        self.window: int = window
        self.absolute: bool = absolute

    def gt(self, value: float, /) -> MetricZScoreFilter:
        """Return the filter for a metric above its mean; of an absolute score, for one that is far from it.

        Raises:
            ArgumentError: `value` is not more than 0.
        """
        value = _number(value, "A score")
        if not value > 0:
            raise ArgumentError(f"A score to be above must be more than 0, not {value!r}.")
        return self._filter(ChangeDirection.ANY if self.absolute else ChangeDirection.INCREASE, value)

    def lt(self, value: float, /) -> MetricZScoreFilter:
        """Return the filter for a metric below its mean.

        Raises:
            ArgumentError: `value` is not less than 0, or the score is absolute.
        """
        value = _number(value, "A score")
        if self.absolute or not value < 0:
            raise ArgumentError(
                f"A score to be below must be less than 0 and not absolute, not {value!r}.",
                next_step="Write metric.zscore(30) < -3.",
            )
        return self._filter(ChangeDirection.DECREASE, -value)

    def __gt__(self, value: float) -> MetricZScoreFilter:
        """Return the filter for a metric above its mean."""
        return self.gt(value)

    def __ge__(self, value: float) -> MetricZScoreFilter:
        """Return the filter for a metric above its mean."""
        return self.gt(value)

    def __lt__(self, value: float) -> MetricZScoreFilter:
        """Return the filter for a metric below its mean."""
        return self.lt(value)

    def __le__(self, value: float) -> MetricZScoreFilter:
        """Return the filter for a metric below its mean."""
        return self.lt(value)

    def abs(self) -> ZScore:
        """Return the score whichever way it is."""
        return ZScore(self.name, self.window, absolute=True)

    def __abs__(self) -> ZScore:
        """Return the score whichever way it is."""
        return self.abs()

    def _filter(self, direction: ChangeDirection, threshold: float) -> MetricZScoreFilter:
        return MetricZScoreFilter(
            name=self.name, window_size=self.window, threshold=threshold, change_dir=direction
        )


def _check_window(window: object) -> None:
    if isinstance(window, bool) or not isinstance(window, int):
        raise ArgumentTypeError(f"A window is a number of values, not {type(window).__name__}.")
    if window < 1:
        raise ArgumentError(f"A window holds 1 value or more, not {window!r}.")


def _number(value: object, what: str) -> int | float:
    """Return a finite number, of Python or NumPy, as one of Python."""
    item = getattr(value, "item", None)
    if callable(item) and getattr(value, "ndim", None) == 0:
        value = item()
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ArgumentTypeError(f"{what} must be a number, not {type(value).__name__}.")
    try:
        finite = math.isfinite(value)
    except OverflowError:  # a whole number that is larger than every float
        finite = False
    if not finite:
        raise ArgumentError(f"{what} must be finite, and no larger than a float can be.")
    return value
