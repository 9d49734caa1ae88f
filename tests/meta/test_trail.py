"""One noun, one stem: from the schema to the docs, `git ls-files '*run*'` lists the trail."""

from __future__ import annotations

import pytest
from sources import ROOT

NOUNS = sorted(path.stem for path in (ROOT / "queries").glob("*.graphql"))
# Nouns without an object of their own: the transport asks for server_info, a run shows its log lines.
WITHOUT_OBJECT = {"server_info", "log_line"}


@pytest.mark.parametrize("noun", NOUNS)
def test_a_noun_of_queries_is_a_noun_of_the_schema(noun: str) -> None:
    """Its types are where its operations are."""
    assert (ROOT / "schema" / f"{noun}.graphql").exists()


@pytest.mark.parametrize("noun", [noun for noun in NOUNS if noun not in WITHOUT_OBJECT])
def test_a_noun_has_its_room_everywhere(noun: str) -> None:
    """In the client, its twin, the server, the tests and the docs."""
    places = {
        "client": f"src/wandkit/_async/{noun}*.py",
        "twin": f"generated/wandkit_generated/sync/{noun}*.py",
        "server": f"src/wandkit/server/resolvers/{noun}*.py",
        "tests": f"tests/aio/test_{noun}*.py",
        "twin of the tests": f"generated/tests/test_{noun}*.py",
        "docs": f"docs/api/{noun}*.md",
    }
    assert [place for place, pattern in places.items() if not [*ROOT.glob(pattern)]] == []
