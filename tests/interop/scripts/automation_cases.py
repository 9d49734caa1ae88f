"""Automations that wandkit and an official client make with the same words.

Both have the same names for it: `kit` is `wandkit.automation` or `wandb.automations`, `api` is of either.
"""

from __future__ import annotations

from typing import Any

__all__ = ["cases"]


def cases(kit: Any, api: Any, team: str) -> dict[str, Any]:
    """Return new automations by name, without theirs set."""
    project = api.project("spirals", entity=team)
    model = api.artifact_collection("model", f"{team}/spirals/net")
    alias, tag = kit.ArtifactEvent.alias, kit.ArtifactEvent.tag
    name, loss = kit.RunEvent.name, kit.RunEvent.metric("loss")
    events = {
        **_artifact_events(kit, project, model, alias, tag),
        **_filters(kit, model, alias, tag),
        "of a team": kit.OnRunState(scope=api.team(team), filter=kit.RunEvent.state.eq("failed")),
        "of a team's artifacts": kit.OnLinkArtifact(scope=api.team(team)),
        "state": kit.OnRunState(scope=project, filter=kit.RunEvent.state == "finished"),
        "states": kit.OnRunState(
            scope=project, filter=kit.RunEvent.state.in_(["running", "FAILED", "failed"])
        ),
        "state and name": kit.OnRunState(
            scope=project, filter=(kit.RunEvent.state == "failed") & name.matches_regex("a.*")
        ),
        **{
            f"metric {key}": kit.OnRunMetric(scope=project, filter=one) for key, one in _metrics(loss).items()
        },
        "metric and name": kit.OnRunMetric(scope=project, filter=(loss > 3) & name.contains("größe")),
        "name and metric": kit.OnRunMetric(scope=project, filter=(name.eq("x") | name.eq("y")) & (loss > 3)),
    }
    made = {f"event {key}": event >> kit.DoNothing() for key, event in events.items()}
    event = kit.OnLinkArtifact(scope=project)
    return made | {f"action {key}": event >> action for key, action in _actions(kit, api, team).items()}


def _artifact_events(kit: Any, project: Any, model: Any, alias: Any, tag: Any) -> dict[str, Any]:
    kinds = (
        kit.OnLinkArtifact, kit.OnUnlinkArtifact, kit.OnAddArtifactAlias, kit.OnAddArtifactTag,
        kit.OnRemoveArtifactTag, kit.OnAddCollectionTag, kit.OnRemoveCollectionTag, kit.OnCreateArtifact,
    )  # fmt: skip
    plain = {kind.__name__: kind(scope=model) for kind in kinds}
    filtered = {f"{kind.__name__} with tag": kind(scope=model, filter=tag.eq("x")) for kind in kinds}
    return {**plain, **filtered, "of a project": kit.OnLinkArtifact(scope=project, filter=alias.eq("prod"))}


def _filters(kit: Any, model: Any, alias: Any, tag: Any) -> dict[str, Any]:
    filters = {
        "ne": alias != "a", "lt": alias < "a", "lte": alias <= "a", "gt": alias > "a", "gte": alias >= "a",
        "in": alias.in_(["a", "b"]), "not in": alias.not_in(["a"]), "contains": alias.contains("ü"),
        "regex": alias.matches_regex(r"^v\d+$"), "exists": alias.exists(), "no": alias.exists(False),
        "and": (alias == "a") & (tag == "b") & (alias != "c"),
        "or": (alias == "a") | (tag == "b"),
        "and of or": ((alias == "a") | (tag == "b")) & (tag != "c"),
        "not": ~(alias == "a"), "not not": ~~(alias == "a"), "not or": ~((alias == "a") | (tag == "b")),
        "not and": ~((alias == "a") & (tag == "b")),
        "a mapping": {"alias": "a"},
        "a mapping of two": {"alias": "a", "tag": {"$ne": "b"}},
        "the whole shape": {"$or": [{"$and": [{"alias": "a"}]}]},
    }  # fmt: skip
    return {f"alias {key}": kit.OnAddArtifactAlias(scope=model, filter=one) for key, one in filters.items()}


def _metrics(loss: Any) -> dict[str, Any]:
    return {
        "gt": loss > 3, "gte": loss.gte(3), "lt": loss < 0.5, "lte": loss <= 3,
        "max": loss.max(2) > 1, "min": loss.min(2).lt(1), "avg": loss.avg(5) > 1.0, "mean": loss.mean(5) > 1,
        "changes": loss.changes_by(diff=2), "increases": loss.avg(7).increases_by(frac=0.1),
        "decreases": loss.min(3).decreases_by(diff=0.5),
        "above": loss.zscore(30) > 2, "below": loss.zscore(30) <= -2.5, "away": abs(loss.zscore(10)) >= 3,
    }  # fmt: skip


def _actions(kit: Any, api: Any, team: str) -> dict[str, Any]:
    hook = next(iter(api.webhook_integrations(team)))
    channel = next(iter(api.slack_integrations(entity=team)))
    return {
        "message": kit.SendNotification.from_integration(channel),
        "message with all": kit.SendNotification.from_integration(channel, title="T", text="M", level="WARN"),
        "webhook": kit.SendWebhook.from_integration(hook),
        "webhook with payload": kit.SendWebhook.from_integration(
            hook, payload={"run": "${run_name}", "n": [1, 2.5, None, True], "größe": {"a": "ü"}}
        ),
        "nothing": kit.DoNothing(),
        "prompt": kit.SendPromptToAria(prompt="  why? \n"),
    }
