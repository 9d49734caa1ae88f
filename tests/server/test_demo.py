"""`wandkit demo`, as a user runs it, and the parts that draw and train."""

from __future__ import annotations

import json
import math

import pytest

from wandkit.cli import main
from wandkit.cli.demo import find_runs, run_demo
from wandkit.cli.plot import line_plot
from wandkit.cli.screen import line_of
from wandkit.cli.training import Hyperparameters, Network, grid, train
from wandkit.errors import MissingExtraError


@pytest.fixture(scope="module")
def short_grid() -> list[Hyperparameters]:
    """Four of the demo's settings, so that the tests are quick."""
    return grid(steps=40)[-4:]


def test_the_json_form_is_one_object_with_the_results(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, short_grid: list[Hyperparameters]
) -> None:
    """Every figure in it was read back from the server."""
    monkeypatch.setattr("wandkit.cli.demo.grid", lambda: short_grid)
    run_demo(as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert found["runs"] == 4
    assert found["rows"] == 160
    assert found["best"]["summary"]["val/loss"] == min(run["val/loss"] for run in found["filtered_runs"])
    assert found["history"]["complete"]
    assert found["file"]["same"]


def test_each_line_of_code_stands_beside_its_result(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, short_grid: list[Hyperparameters]
) -> None:
    """The lines are those that ran."""
    monkeypatch.setattr("wandkit.cli.demo.grid", lambda: short_grid)
    run_demo()
    shown = " ".join(capsys.readouterr().out.split())
    assert ">>> best = runs[0]" in shown
    assert "the copy is the same" in shown


def test_the_line_shown_is_the_line_that_runs() -> None:
    """It is taken from the source."""
    assert line_of(find_runs).startswith('api.runs("ada/spirals"')


def test_the_demo_without_the_server_extra_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is started."""
    monkeypatch.setattr("wandkit.cli.demo.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"wandkit\[server\]"):
        run_demo()


def test_a_failing_command_says_why_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a traceback, and with an exit code that says no."""
    monkeypatch.setattr("wandkit.cli.demo.find_spec", lambda name: None)
    monkeypatch.setattr("sys.argv", ["wandkit", "demo"])
    with pytest.raises(SystemExit, match="wandkit: the embedded server needs"):
        main()


def test_the_grid_is_large_enough_to_be_worth_a_query() -> None:
    """Twenty-four settings, all different."""
    assert len(set(grid())) == 24


def test_training_lowers_the_loss() -> None:
    """By a lot, and the same way each time."""
    settings = grid()[-1]
    losses = [row["loss"] for row in train(Network(settings.hidden, settings.seed), settings)]
    again = [row["loss"] for row in train(Network(settings.hidden, settings.seed), settings)]
    assert losses == again
    assert sum(losses[-20:]) < 0.1 * sum(losses[:20])


def test_a_plot_has_its_size_and_its_range() -> None:
    """The largest value is at the top, the smallest at the bottom."""
    lines = line_plot([(x, math.sin(x / 5)) for x in range(50)], width=30, height=6).splitlines()
    assert len(lines) == 8
    assert lines[0].strip().startswith("1 │")
    assert lines[5].strip().startswith("-0.996 │")


@pytest.mark.parametrize("values", [[(0.0, 1.0)], [(0.0, 2.0), (1.0, 2.0)]])
def test_a_plot_of_one_level_is_a_line(values: list[tuple[float, float]]) -> None:
    """No division by a range of nothing."""
    assert len(line_plot(values, width=10, height=3).splitlines()) == 5


def test_a_plot_of_nothing_says_so() -> None:
    """Instead of failing."""
    assert "nothing" in line_plot([])
