"""What `run.update()` sends: the edited fields and nothing else."""

from __future__ import annotations

from wandkit._core.config import Config
from wandkit._core.patch import CurrentRun, RunDraft, RunFields, merge_tags
from wandkit._core.summary import SummaryData

FIELDS = RunFields(name="n", notes="t", description="d", group="g", job_type="j", tags=("a", "b"))


def test_an_untouched_run_sends_nothing() -> None:
    draft = RunDraft(
        FIELDS, FIELDS, Config.from_text('{"a":{"value":1}}'), SummaryData.from_text('{"b":NaN}')
    )
    assert (draft.changed(), draft.patch(CurrentRun(("z",), "{}", "{}"))) == (frozenset(), {})


def test_only_the_edited_fields_are_sent_under_the_names_of_the_operation() -> None:
    edited = RunFields(name="new", notes="t", description="d", group="g2", job_type="j2", tags=("a", "b"))
    assert RunDraft(FIELDS, edited).patch(CurrentRun()) == {
        "display_name": "new",
        "group": "g2",
        "job_type": "j2",
    }


def test_a_text_that_was_cleared_is_sent_empty() -> None:
    assert RunDraft(RunFields(notes="t"), RunFields(notes=None)).patch(CurrentRun()) == {"notes": ""}


def test_the_order_of_tags_is_an_edit() -> None:
    draft = RunDraft(RunFields(tags=("a", "b")), RunFields(tags=("b", "a")))
    assert draft.patch(CurrentRun(tags=("a", "b"))) == {"tags": ["b", "a"]}


def test_config_and_summary_are_sent_merged() -> None:
    config, summary = Config.from_text('{"a":{"value":1}}'), SummaryData.from_text('{"x":1}')
    config["a"], summary["y"] = 2, 3
    patch = RunDraft(FIELDS, FIELDS, config, summary).patch(
        CurrentRun((), '{"a":{"value":1},"b":{"value":5}}', '{"x":9}')
    )
    assert patch == {"config": '{"a":{"value":2},"b":{"value":5}}', "summary_metrics": '{"x":9,"y":3}'}


def test_what_is_merged_needs_the_servers_present_values() -> None:
    config = Config.from_text("{}")
    config["a"] = 1
    draft = RunDraft(FIELDS, RunFields(name="new", tags=()), config, SummaryData.from_text("{}"))
    assert draft.merges() == {"config", "tags"}


def test_tags_are_added_and_removed_in_what_the_server_holds_now() -> None:
    assert merge_tags(["a", "b"], ["b", "c"], ["a", "b", "theirs"]) == ["b", "theirs", "c"]


def test_a_tag_that_both_added_is_there_once() -> None:
    assert merge_tags([], ["x", "x"], ["x"]) == ["x"]
