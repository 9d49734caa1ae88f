"""What can be asked about the runs of an event: their name, their state, their metrics."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Final, NoReturn

from pydantic import ConfigDict, field_validator

from wandkit._core.checked import Checked
from wandkit._core.model import OpenEnum
from wandkit.automation.condition import EVERYTHING, Condition, ConditionField, ConditionLike, Undecided
from wandkit.automation.metric import Metric
from wandkit.errors import ArgumentError

__all__ = ["RunEvent", "RunState", "RunStateFilter", "StateField", "StateFilter"]


class RunState(OpenEnum):
    """The states that automations tell apart; a crashed run counts as failed."""

    RUNNING = "RUNNING"
    FINISHED = "FINISHED"
    FAILED = "FAILED"


class StateFilter(Undecided, Checked):
    """A run has come to one of some states. Combine it with a condition on runs by `&`."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", validate_assignment=True)

    states: list[RunState]
    """The states, each once, in alphabetical order."""

    @field_validator("states", mode="before")
    @classmethod
    def _in_capitals(cls, states: Any) -> Any:
        listed = [states] if isinstance(states, str) else states
        return [state.upper() if type(state) is str else state for state in listed]

    @field_validator("states")
    @classmethod
    def _each_once(cls, states: list[RunState]) -> list[RunState]:
        if not states:
            raise ValueError("at least one state is needed")
        return sorted(set(states), key=lambda state: state.value)

    def __and__(self, other: ConditionLike) -> RunStateFilter:
        """Return the filter for runs that meet the condition as well."""
        return RunStateFilter(self, Condition.of(other))

    def __rand__(self, other: ConditionLike) -> RunStateFilter:
        """Return the filter for runs that meet the condition as well."""
        return RunStateFilter(self, Condition.of(other))


@dataclass(frozen=True)
class RunStateFilter(Undecided):
    """To which states, and which runs.

    Attributes:
        state: The states that a run must come to.
        run: What the runs must be like; all by default.
    """

    state: StateFilter
    run: Condition = EVERYTHING

    def __and__(self, other: ConditionLike) -> RunStateFilter:
        """Return the filter for runs that meet the condition as well."""
        return RunStateFilter(self.state, self.run & other)

    def __rand__(self, other: ConditionLike) -> RunStateFilter:
        """Return the filter for runs that meet the condition as well."""
        return self & other


class StateField:
    """The state of a run. Get it as `RunEvent.state`."""

    __slots__ = ()

    def eq(self, state: str | RunState, /) -> StateFilter:
        """Return the filter for runs that come to this state, in capitals or not.

        Raises:
            ArgumentError: There is no such state.
        """
        return self.in_([state])

    def in_(self, states: Iterable[str | RunState], /) -> StateFilter:
        """Return the filter for runs that come to one of these states, in capitals or not.

        Raises:
            ArgumentError: There is no such state, or none is given.
        """
        found = [_state(state) for state in ([states] if isinstance(states, str) else states)]
        if not found:
            raise ArgumentError("At least one state is needed.", next_step=_STATES)
        return StateFilter(states=found)

    def __eq__(self, other: object) -> StateFilter:  # type: ignore[override] # pyright: ignore[reportIncompatibleMethodOverride]
        """Return the filter for runs that come to this state."""
        if not isinstance(other, str):
            raise TypeError(f"a state is compared with a text, not with {type(other).__name__}")
        return self.eq(other)

    def __ne__(self, other: object) -> NoReturn:
        """Refuse: events are of states that a run comes to."""
        raise TypeError("states cannot be excluded; write RunEvent.state.in_([…]) with those that are wanted")

    def __hash__(self) -> int:
        """Return a number that all of them share."""
        return hash(StateField)


class RunEvent:
    """What events of runs can be asked about."""

    name: Final[ConditionField] = ConditionField("display_name")
    """The name that a run shows."""

    state: Final[StateField] = StateField()
    """The state that a run comes to."""

    @staticmethod
    def metric(name: str) -> Metric:
        """Return a metric of runs, to compare or to aggregate first."""
        return Metric(name)


_STATES = f"They are {', '.join(state.value.lower() for state in RunState)}; a crashed run counts as failed."


def _state(state: str) -> RunState:
    name = state.value if isinstance(state, RunState) else state.strip().upper()
    if name == "CRASHED":
        return RunState.FAILED
    if name not in {known.value for known in RunState}:
        raise ArgumentError(f"Automations know no state {state!r} of a run.", next_step=_STATES)
    return RunState(name)
