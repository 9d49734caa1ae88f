"""What each plugin does to the models: golden checkouts, compiled, imported and fed with answers."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from pydantic import ValidationError

from codegen.compile import compile_operations
from wandkit._core.model import BaseModel, OpenEnum, UnknownMember

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], ModuleType]]:
    """Give a function that compiles a golden checkout and imports one module of its models."""

    def load(case: str, module: str) -> ModuleType:
        package = tmp_path / case
        package.mkdir()
        compile_operations(GOLDEN / case, package)
        # The models import each other relatively, so their package may have a name of its own.
        (package / "gql" / "models").rename(tmp_path / f"{case}_models")
        (tmp_path / f"{case}_models" / "__init__.py").write_text("", encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)
        return importlib.import_module(f"{case}_models.{module}")

    yield load
    for name in [name for name in sys.modules if name.startswith(("gates_models", "shapes_models"))]:
        del sys.modules[name]


def test_models_derive_from_our_base(load: Callable[[str, str], ModuleType]) -> None:
    """core_types: the base that ariadne-codegen copies is not kept."""
    assert issubclass(load("shapes", "get_zoo").GetZoo, BaseModel)


def test_enums_are_open(load: Callable[[str, str], ModuleType]) -> None:
    """open_enums: a value that came later is kept."""
    kind = load("shapes", "enums").Kind
    assert issubclass(kind, OpenEnum)
    assert kind("MAMMAL").value == "MAMMAL"


def test_a_gated_field_may_be_missing(load: Callable[[str, str], ModuleType]) -> None:
    """gated_fields: None by default, also where the schema says non-null, and where all below is gated."""
    answer = load("gates", "get_thing").GetThing.model_validate(
        {"thing": {"id": "1", "parts": {"names": []}}}
    )
    assert answer.thing.tags is None
    assert answer.thing.owner is None
    assert answer.thing.parts.total_count is None


def test_a_field_that_every_server_knows_may_not_be_missing(load: Callable[[str, str], ModuleType]) -> None:
    """gated_fields: only the gated ones."""
    with pytest.raises(ValidationError, match="parts"):
        load("gates", "get_thing").GetThing.model_validate({"thing": {"id": "1"}})


def test_a_bad_edge_is_reported_under_its_class(load: Callable[[str, str], ModuleType]) -> None:
    """tolerant_lists: with the name that short_names gave the class; a null edge is none."""
    problems: list[object] = []
    fish = {"name": "Nemo", "bornAt": "2024-01-01T00:00:00", "md5": None, "facts": None}
    answer = load("shapes", "list_animals").ListAnimals.model_validate(
        {"animals": {"edges": [{"node": fish}, {"node": {**fish, "name": None}}, None]}},
        context={"problems": problems},
    )
    assert [edge and edge.node.name for edge in answer.animals.edges] == ["Nemo", None]
    assert [problem.path for problem in problems] == ["ListAnimalsAnimalConnection.edges"]  # type: ignore[attr-defined]


def test_an_unknown_union_member_is_kept_beside_known_ones(load: Callable[[str, str], ModuleType]) -> None:
    """tolerant_unions: in a list and alone."""
    module = load("shapes", "get_keeper")
    keeper = module.GetKeeper.model_validate(
        {
            "keeper": {
                "name": "Ada",
                "pets": [
                    {"__typename": "Bird", "wings": 2, "kind": "BIRD"},
                    {"__typename": "Cat", "lives": 9},
                ],
                "favourite": {"__typename": "Cat", "lives": 9},
            }
        }
    ).keeper
    assert [type(pet) for pet in keeper.pets] == [module.GetKeeperKeeperPetsBird, UnknownMember]
    assert keeper.favourite.raw == {"lives": 9}


def test_names_are_short_and_stay_apart(load: Callable[[str, str], ModuleType]) -> None:
    """short_names: the type's name, or the path where two selections share a type; digits stay."""
    module = load("shapes", "get_zoo")
    assert {"GetZooZoo", "GetZooZooBoss", "GetZooZooFirst"} <= set(vars(module))
    fragments = importlib.import_module("shapes_models.fragments")
    assert "md5" in fragments.FishFields.model_fields
