"""What deleted runs and projects had is freed some days later, and only where nothing else uses it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from wandkit import Api, Artifact, Run
from wandkit.errors import NotFoundError
from wandkit.server.purge import purge_deleted
from wandkit.testing import Server

DELETE_PROJECT = "mutation Delete($id: String!) { deleteModel(input: {id: $id}) { success } }"
UNDELETE = """mutation Undelete($project: String!) {
  undeleteRuns(input: {entityName: "ada", projectName: $project, filters: "{}"}) { clientMutationId }
}"""
PROJECT = 'query Project($name: String!) { project(name: $name, entityName: "ada") { id } }'
AGE_S = 7 * 86400.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Give a server of the test's own, with the user ada."""
    with Server(data_dir=tmp_path) as server:
        server.add_user("ada")
        yield server


@pytest.fixture
def api(server: Server) -> Iterator[Api]:
    """Give a client of ada's."""
    with server.api("ada") as api:
        yield api


def contents(server: Server) -> int:
    """Return how many blobs are stored."""
    return sum(path.is_file() for path in (server.data_dir / "blobs").glob("??/*"))


def purge(server: Server, days: float) -> int:
    """Free what was deleted a week before the moment that is `days` ahead."""
    state = server.app.state
    ahead = datetime.now(timezone.utc) + timedelta(days=days)
    return purge_deleted(state.database, state.services["blobs"], AGE_S, ahead)


def logged(api: Api, folder: Path, project: str, name: str, content: str = "x") -> Run:
    """Log a run with a row, a line of output and a file."""
    run = api.create_run(run_id=name, project=project, config={"a": 1})
    run.log([{"loss": 1.0}])
    file = folder / "up" / f"{name}.txt"
    file.parent.mkdir(exist_ok=True)
    file.write_text(content)
    run.upload_file(file, file.parent)
    run.finish()
    return api.run(f"ada/{project}/{name}")


def log_version(run: Run, name: str, content: str) -> Artifact:
    """Log a version with one file."""
    draft = Artifact(name, "dataset")
    with draft.new_file("a.txt") as file:
        file.write(content)
    return run.log_artifact(draft)


def delete_project(api: Api, name: str) -> None:
    """Delete a project."""
    found = api.client.execute(PROJECT, variable_values={"name": name})["project"]["id"]
    api.client.execute(DELETE_PROJECT, variable_values={"id": found})


def test_a_deleted_run_can_be_brought_back_whole_for_a_week(server: Server, api: Api, tmp_path: Path) -> None:
    logged(api, tmp_path, "p", "gone").delete()
    assert purge(server, days=6) == 0
    api.client.execute(UNDELETE, variable_values={"project": "p"})
    back = api.run("ada/p/gone")
    assert (back.config, [row["loss"] for row in back.scan_history()]) == ({"a": 1}, [1.0])
    assert [file.name for file in back.files()] == ["gone.txt"]


def test_what_a_deleted_run_had_is_freed_after_a_week(server: Server, api: Api, tmp_path: Path) -> None:
    before = contents(server)
    logged(api, tmp_path, "p", "gone").delete()
    assert contents(server) > before
    assert (purge(server, days=8), contents(server)) == (1, before)
    api.client.execute(UNDELETE, variable_values={"project": "p"})
    with pytest.raises(NotFoundError):
        api.run("ada/p/gone")
    assert purge(server, days=9) == 0


def test_the_runs_that_were_not_deleted_keep_what_they_have(server: Server, api: Api, tmp_path: Path) -> None:
    logged(api, tmp_path, "p", "gone").delete()
    kept = logged(api, tmp_path, "p", "kept")
    purge(server, days=8)
    kept.load(force=True)
    assert kept.file("kept.txt").size == 1
    assert len(kept.scan_history().load()) == 1


def test_the_id_of_a_freed_run_is_not_used_again(server: Server, api: Api, tmp_path: Path) -> None:
    logged(api, tmp_path, "p", "gone").delete()
    purge(server, days=8)
    with pytest.raises(Exception, match="previously created and deleted"):
        api.create_run(run_id="gone", project="p")


def test_what_a_deleted_project_had_is_freed_with_its_artifacts(
    server: Server, api: Api, tmp_path: Path
) -> None:
    before = contents(server)
    run = logged(api, tmp_path, "p", "one")
    log_version(run, "data", "some content")
    delete_project(api, "p")
    assert purge(server, days=6) == 0
    assert purge(server, days=8) == 2
    assert contents(server) == before


def test_a_content_that_another_project_has_too_stays(server: Server, api: Api, tmp_path: Path) -> None:
    log_version(logged(api, tmp_path, "p", "one"), "data", "in both")
    log_version(logged(api, tmp_path, "q", "one"), "data", "in both")
    delete_project(api, "p")
    purge(server, days=8)
    folder = api.artifact("ada/q/data:v0").download(str(tmp_path / "down"))
    assert Path(folder, "a.txt").read_text() == "in both"


def test_a_version_that_another_project_links_to_stays(server: Server, api: Api, tmp_path: Path) -> None:
    version = log_version(logged(api, tmp_path, "p", "one"), "data", "linked")
    api.create_project("q", "ada")
    version.link("ada/q/best")
    delete_project(api, "p")
    assert purge(server, days=8) == 1  # the run
    (blob,) = (path for path in (server.data_dir / "blobs").glob("??/*") if path.read_bytes() == b"linked")
    assert blob.is_file()
