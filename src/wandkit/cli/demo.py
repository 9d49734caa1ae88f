"""`wandkit demo`: train a small model, log it to an embedded server, then ask the server what came of it.

Nothing leaves this machine: the server listens on a free loopback port, its store is a temporary folder.
Each step below is a function of one line; the demo prints that very line beside its result.
"""

from __future__ import annotations

import json
import tempfile
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from wandkit import F
from wandkit.cli.plot import line_plot
from wandkit.cli.screen import Screen, line_of
from wandkit.cli.training import Hyperparameters, Network, grid, train
from wandkit.errors import MissingExtraError
from wandkit.testing import Server

if TYPE_CHECKING:
    from wandkit import Api, File, History, Run, Runs

__all__ = ["run_demo"]

_PATH = "ada/spirals"
_SERVER_PARTS = ("ariadne", "sqlalchemy", "starlette", "uvicorn")


def find_runs(api: Api) -> Runs:
    """The runs of the wider networks, lowest loss first."""
    return api.runs("ada/spirals", filters=F.config["hidden"] == 8, order="+summary_metrics.val/loss")


def first_of(runs: Runs) -> Run:
    """The best run: the listing is sorted already."""
    return runs[0]


def config_of(best: Run) -> dict[str, Any]:
    """What the run was started with."""
    return dict(best.config)


def summary_of(best: Run) -> dict[str, Any]:
    """The last value of everything that was logged."""
    return best.summary_metrics


def validation_of(best: Run) -> History:
    """The steps at which both were logged, all of them."""
    return best.scan_history(keys=["_step", "val/loss", "val/accuracy"]).load()


def losses_of(best: Run) -> History:
    """The loss of every step."""
    return best.scan_history(keys=["loss"]).load()


def upload(best: Run, weights: Path) -> File:
    """Put a file beside the run."""
    return best.upload_file(weights, root=weights.parent)


def download(best: Run, folder: Path) -> IO[str]:
    """Get it back, checked against its md5."""
    return best.file("weights.json").download(folder)


@dataclass(frozen=True)
class Trained:
    """What training left behind."""

    runs: int
    rows: int
    seconds: float
    networks: dict[str, Network]


def run_demo(*, as_json: bool = False) -> None:
    """Run the demo: prints lines of code beside their results, or one JSON object.

    Raises:
        MissingExtraError: The extra `server` or `cli` is not installed.
    """
    _need_server()
    screen = Screen(quiet=as_json)
    began = time.perf_counter()
    with Server() as server, tempfile.TemporaryDirectory(prefix="wandkit-demo-") as folder:
        server.add_user("ada")
        screen.say(f"An embedded server listens on {server.url}.")
        with server.api("ada") as api:
            trained = _train_all(api, screen)
            found = _ask(api, screen, trained, Path(folder))
        found["server"] = server.url
    found["seconds"] = round(time.perf_counter() - began, 2)
    if as_json:
        print(json.dumps(found, indent=2))
    screen.say(f"\nDone in {found['seconds']} s. The server and its store are gone.")


def _need_server() -> None:
    missing = [name for name in _SERVER_PARTS if find_spec(name) is None]
    if missing:
        raise MissingExtraError(
            f"the embedded server needs {', '.join(missing)}, which this Python does not have",
            next_step='Install them with: python -m pip install "wandkit[server]"',
        )


def _train_all(api: Api, screen: Screen) -> Trained:
    """Train one network for each setting, a run each."""
    began = time.perf_counter()
    settings = grid()
    networks: dict[str, Network] = {}
    rows = 0
    for chosen in screen.progress(settings, f"Training {len(settings)} networks"):
        run = api.create_run(project="spirals", entity="ada")
        network = Network(chosen.hidden, chosen.seed)
        rows += _train_one(run, network, chosen)
        networks[run.id] = network
    return Trained(len(settings), rows, time.perf_counter() - began, networks)


def _train_one(run: Run, network: Network, settings: Hyperparameters) -> int:
    """Train `network` and log every step; returns the number of rows."""
    run.config.update(settings.as_dict())
    run.name = f"hidden-{settings.hidden}-rate-{settings.learning_rate}-momentum-{settings.momentum}"
    run.update()
    rows = list(train(network, settings))
    run.log(rows)
    run.finish()
    return len(rows)


def _ask(api: Api, screen: Screen, trained: Trained, folder: Path) -> dict[str, Any]:
    """The main job: what a user of a W&B server does all day."""
    screen.say(f"{trained.rows:,} rows of {trained.runs} runs logged in {trained.seconds:.1f} s.")
    runs = find_runs(api)
    screen.code("runs = " + line_of(find_runs))
    listed = [_line(run) for run in runs]
    screen.table(list(listed[0]), [list(line.values()) for line in listed[:6]])
    screen.say(f"… {len(runs)} runs in all, {trained.runs} in the project")

    best = first_of(runs)
    screen.code("best = " + line_of(first_of))
    screen.say(f"{best!r}, {best.state}")
    config, summary = config_of(best), summary_of(best)
    screen.code(line_of(config_of))
    screen.values(config)
    screen.code(line_of(summary_of))
    screen.values({name: value for name, value in summary.items() if name[0] != "_"})

    validation, losses = validation_of(best), losses_of(best)
    screen.code("history = " + line_of(validation_of))
    _show_history(screen, validation)
    screen.code("losses = " + line_of(losses_of))
    screen.plain(line_plot([(step, row["loss"]) for step, row in enumerate(losses)]))
    file = _files(screen, best, trained.networks[best.id], folder)
    return {
        "project": _PATH,
        "runs": trained.runs,
        "rows": trained.rows,
        "training_seconds": round(trained.seconds, 2),
        "filtered_runs": listed,
        "best": {"id": best.id, "name": best.name, "config": config, "summary": summary},
        "history": {"rows": list(validation), "complete": validation.receipt.complete},
        "file": file,
    }


def _line(run: Run) -> dict[str, Any]:
    """One run of the listing. The configs and summaries of a page come in one request."""
    return {
        "name": run.name,
        "learning_rate": run.config["learning_rate"],
        "momentum": run.config["momentum"],
        "val/loss": run.summary["val/loss"],
        "val/accuracy": run.summary["val/accuracy"],
    }


def _show_history(screen: Screen, history: History) -> None:
    """The first and the last rows, and the receipt."""
    rows = [[row.get(key) for key in history.keys] for row in history]
    screen.table(history.keys, [*rows[:3], ["…"] * len(history.keys), *rows[-3:]])
    screen.say(str(history.receipt))


def _files(screen: Screen, best: Run, network: Network, folder: Path) -> dict[str, Any]:
    """Upload the weights of the best network and download them again."""
    weights = folder / "weights.json"
    weights.write_text(json.dumps({"inner": network.inner, "outer": network.outer}))
    uploaded = upload(best, weights)
    screen.code(line_of(upload))
    screen.say(f"{uploaded.name}: {uploaded.size:,} bytes, md5 {uploaded.md5}")
    with download(best, folder / "copy") as handle:
        same = handle.read() == weights.read_text()
    screen.code(line_of(download))
    screen.say("the copy is the same" if same else "the copy differs")
    return {"name": uploaded.name, "bytes": uploaded.size, "md5": uploaded.md5, "same": same}
