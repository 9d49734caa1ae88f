"""Jobs: read from their artifact, checked against their types, called into a queue, listed."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from wandkit import AsyncApi, AsyncArtifact, AsyncJob
from wandkit.errors import ArgumentError, ConfigTypeError, LaunchError, NotFoundError, PathError
from wandkit.testing import Server

TYPES = {
    "wb_type": "typedDict",
    "params": {
        "type_map": {
            "lr": {"wb_type": "number"},
            "kind": {
                "wb_type": "union",
                "params": {"allowed_types": [{"wb_type": "string"}, {"wb_type": "none"}]},
            },
            "sizes": {"wb_type": "list", "params": {"element_type": {"wb_type": "number"}, "length": 2}},
        }
    },
}
IMAGE: dict[str, Any] = {
    "_version": "v0",
    "source_type": "image",
    "source": {"image": "trainer:1", "entrypoint": ["python", "train.py"]},
    "input_types": TYPES,
    "output_types": {"wb_type": "typedDict", "params": {"type_map": {"loss": {"wb_type": "number"}}}},
    "runtime": "3.11.4",
}
CONFIG = {"lr": 0.1, "kind": "mlp", "sizes": [8, 16]}


@pytest.fixture
def project() -> str:
    """Give the name of a project of the test's own."""
    return f"p{uuid.uuid4().hex[:8]}"


async def log_job(api: AsyncApi, project: str, said: object, requirements: str | None = "numpy==2\n") -> str:
    """Log a job as a launch client does, and return its name."""
    run = await api.create_run(project=project)
    draft = AsyncArtifact("train", "made")
    draft._type = "job"  # people may not make jobs by hand
    with draft.new_file("wandb-job.json") as file:
        file.write(said if isinstance(said, str) else json.dumps(said))
    if requirements is not None:
        with draft.new_file("requirements.frozen.txt") as file:
            file.write(requirements)
    await run.log_artifact(draft)
    return f"ada/{project}/train:latest"


@pytest.fixture
async def job(api: AsyncApi, project: str, tmp_path: Path) -> AsyncJob:
    """Give an image job."""
    name = await log_job(api, project, IMAGE)
    job = await api.job(name, str(tmp_path / "job"))
    return job


async def test_an_image_job_is_read(job: AsyncJob, project: str, tmp_path: Path) -> None:
    assert (job.name, job.source_type) == (f"ada/{project}/train:latest", "image")
    assert (job.source["image"], job.entrypoint) == ("trainer:1", ["python", "train.py"])
    assert (job.runtime, job.requirements, job.input_types) == ("3.11.4", ["numpy==2"], TYPES)
    assert (job.artifact.version, job.folder) == ("v0", str(tmp_path / "job"))
    assert repr(job) == f"<Job ada/{project}/train:latest>"


@pytest.mark.parametrize(
    ("kind", "source"),
    [
        ("repo", {"git": {"remote": "https://example.com/r.git", "commit": "abc"}, "notebook": False}),
        ("artifact", {"artifact": "wandb-artifact://_id/abc", "entrypoint": ["python", "a.py"]}),
    ],
)
async def test_repo_and_code_jobs_are_read(
    api: AsyncApi, project: str, tmp_path: Path, kind: str, source: dict[str, Any]
) -> None:
    name = await log_job(api, project, {**IMAGE, "source_type": kind, "source": source}, requirements=None)
    job = await api.job(name, str(tmp_path))
    assert (job.source_type, job.source, job.requirements) == (kind, source, [])


@pytest.mark.parametrize("name", ["train", "ada/p/train", "p/train:latest", "ada/p/x/train:v0", "", None, 5])
async def test_a_name_that_is_none_is_refused(api: AsyncApi, name: str) -> None:
    with pytest.raises(PathError, match="NAME:ALIAS"):
        await api.job(name)


async def test_a_missing_job_is_named(api: AsyncApi, project: str) -> None:
    await api.create_run(project=project)
    with pytest.raises(NotFoundError, match="train"):
        await api.job(f"ada/{project}/train:latest")


async def test_an_artifact_of_another_type_is_no_job(api: AsyncApi, project: str) -> None:
    run = await api.create_run(project=project)
    draft = AsyncArtifact("data", "dataset")
    with draft.new_file("a.txt") as file:
        file.write("a")
    await run.log_artifact(draft)
    with pytest.raises(LaunchError, match="'dataset'"):
        await api.job(f"ada/{project}/data:v0")


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ("nonsense", "not JSON"),
        ({}, "source type None"),
        ({"source_type": "image"}, "does not name its image"),
        ({"source_type": "repo", "source": {"image": "x"}}, "does not name its git"),
        ({"source_type": "artifact", "source": {"artifact": None}}, "does not name its artifact"),
    ],
)
async def test_a_job_that_does_not_say_where_its_code_is_cannot_be_started(
    api: AsyncApi, project: str, tmp_path: Path, said: object, complaint: str
) -> None:
    name = await log_job(api, project, said)
    with pytest.raises(LaunchError, match=complaint):
        await api.job(name, str(tmp_path))


async def test_a_call_puts_the_job_into_the_queue(api: AsyncApi, job: AsyncJob, project: str) -> None:
    queue = await api.create_run_queue(f"q{project}", "kubernetes", config={"cpu": 1})
    item = await job.call(CONFIG, queue=queue.name)
    popped = await queue.pop()
    assert popped is not None
    spec = await popped.run_spec
    assert (popped.id, item.project, item.entity) == (item.id, project, "ada")
    assert (spec["job"], spec["entity"], spec["project"]) == (job.name, "ada", project)
    assert spec["overrides"] == {"args": [], "run_config": CONFIG}
    assert spec["_wandb_job_collection_id"]
    assert (spec["resource"], spec["resource_args"]) == ("kubernetes", {"kubernetes": {"cpu": 1}})


async def test_a_called_job_runs_where_it_was_told_to(api: AsyncApi, job: AsyncJob, project: str) -> None:
    queue = await api.create_run_queue(f"q{project}", "local-process")
    item = await job.call(CONFIG, project=f"{project}-other", queue=queue.name)
    await queue.pop()
    await item.acknowledge("r")
    run = await api.create_run(run_id="r", project=f"{project}-other")
    await run.update_state("finished")
    ended = await item.wait_until_finished(timeout=30)
    assert (ended.project, ended.state) == (f"{project}-other", "finished")


async def test_variables_and_priority_reach_the_queue(api: AsyncApi, job: AsyncJob, project: str) -> None:
    queue = await api.create_run_queue(
        f"q{project}", "kubernetes", prioritization_mode="V0", config={"cpu": "{{cpu}}"},
        template_variables={"cpu": {"schema": {"type": "integer"}}},
    )  # fmt: skip
    item = await job.call(CONFIG, queue=queue.name, template_variables={"cpu": 4}, priority=0)
    spec = await item.run_spec
    assert (spec["resource_args"], item.priority) == ({"kubernetes": {"cpu": 4}}, 0)


async def test_another_entrypoint_goes_along(api: AsyncApi, job: AsyncJob, project: str) -> None:
    queue = await api.create_run_queue(f"q{project}", "local-process")
    job.set_entrypoint(["python", "other.py"])
    item = await job.call(CONFIG, queue=queue.name)
    spec = await item.run_spec
    assert spec["overrides"]["entry_point"] == ["python", "other.py"] == job.entrypoint


async def test_an_entrypoint_is_words(job: AsyncJob) -> None:
    with pytest.raises(ArgumentError, match="list of words"):
        job.set_entrypoint("python train.py")


async def test_without_a_queue_the_default_one_is_used_and_made(
    api: AsyncApi, project: str, tmp_path: Path, module_server: Server
) -> None:
    module_server.add_team(project, {"ada": "admin"})
    name = await log_job(api, project, IMAGE)
    job = await api.job(name, str(tmp_path))
    items = [await job.call(CONFIG, entity=project) for _ in range(2)]
    assert [item.queue_name for item in items] == ["default", "default"]
    count = await api.run_queue(project, "default").items.count()
    assert count == 2


async def test_a_queue_that_is_not_there_is_not_made(job: AsyncJob, project: str) -> None:
    with pytest.raises(NotFoundError, match=f"q{project}"):
        await job.call(CONFIG, queue=f"q{project}")


@pytest.mark.parametrize(
    ("config", "complaint"),
    [
        ({**CONFIG, "lr": "fast"}, "lr must be number, not 'fast'"),
        ({**CONFIG, "lr": True}, "lr must be number"),
        ({"sizes": []}, "lr is missing"),
        ({**CONFIG, "kind": 3}, "kind must be string or none"),
        ({**CONFIG, "sizes": [1, "x"]}, r"sizes\[1\] must be number"),
        ({**CONFIG, "more": 1}, "more is no input"),
    ],
)
async def test_a_config_that_does_not_fit_is_refused_before_anything_is_sent(
    job: AsyncJob, module_server: Server, config: dict[str, Any], complaint: str
) -> None:
    module_server.requests.clear()
    with pytest.raises(ConfigTypeError, match=complaint):
        await job.call(config)
    assert module_server.requests == []


async def test_a_wrong_type_is_a_type_error(job: AsyncJob) -> None:
    with pytest.raises(TypeError):
        await job.call({"lr": None})


async def test_a_job_made_by_hand_warns_and_takes_anything(
    api: AsyncApi, project: str, tmp_path: Path
) -> None:
    name = await log_job(api, project, {**IMAGE, "_partial": True})
    job = await api.job(name, str(tmp_path))
    queue = await api.create_run_queue(f"q{project}", "local-process")
    with pytest.warns(UserWarning, match="not checked"):
        item = await job.call({"anything": object.__name__}, queue=queue.name)
    spec = await item.run_spec
    assert spec["overrides"]["run_config"] == {"anything": "object"}


async def test_an_artifact_in_the_config_is_named(api: AsyncApi, project: str, tmp_path: Path) -> None:
    kinds = {"type_map": {"data": {"wb_type": "artifactVersion"}}}
    said = {**IMAGE, "input_types": {"wb_type": "typedDict", "params": kinds}}
    name = await log_job(api, project, said)
    job = await api.job(name, str(tmp_path))
    queue = await api.create_run_queue(f"q{project}", "local-process")
    item = await job.call({"data": job.artifact}, queue=queue.name)
    spec = await item.run_spec
    sent = spec["overrides"]["run_config"]["data"]
    assert (sent["_type"], sent["id"]) == ("artifactVersion", job.artifact.id)


async def test_a_draft_in_the_config_is_refused(job: AsyncJob) -> None:
    with pytest.raises(ValueError, match="draft"):
        await job.call({**CONFIG, "data": AsyncArtifact("data", "dataset")})


async def test_resource_args_and_variables_exclude_each_other(job: AsyncJob) -> None:
    with pytest.raises(ArgumentError, match="exclude"):
        await job.call(CONFIG, resource_args={"a": 1}, template_variables={"b": 2})


async def test_the_jobs_of_a_project_are_listed(api: AsyncApi, job: AsyncJob, project: str) -> None:
    found = await api.list_jobs("ada", project)
    (versions,) = found
    node = versions["edges"][0]["node"]
    assert (node["id"], node["state"], node["artifactSequence"]) == (
        job.artifact.id,
        "COMMITTED",
        {"name": "train"},
    )
    assert "latest" in [alias["alias"] for alias in node["aliases"]]


async def test_a_project_without_jobs_has_an_empty_list(api: AsyncApi, project: str) -> None:
    await api.create_run(project=project)
    found = await api.list_jobs("ada", project)
    assert found == []


async def test_the_jobs_of_a_missing_project_are_an_error(api: AsyncApi, project: str) -> None:
    with pytest.raises(NotFoundError, match=project):
        await api.list_jobs("ada", project)


@pytest.mark.parametrize("place", [("", "p"), ("ada", "")])
async def test_listing_jobs_needs_a_place(api: AsyncApi, place: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="entity and a project"):
        await api.list_jobs(*place)


@pytest.mark.parametrize("said", ["nonsense", {"source_type": "image", "source": {}}])
async def test_a_job_that_cannot_be_read_says_where_it_is_and_what_to_do(
    api: AsyncApi, project: str, module_server: Server, tmp_path: Path, said: object
) -> None:
    name = await log_job(api, project, said)
    with pytest.raises(LaunchError) as caught:
        await api.job(name, str(tmp_path / "job"))
    assert (caught.value.operation, caught.value.host) == ("GetArtifact", module_server.url)
    assert "Log the job again" in caught.value.next_step
