"""Manifests: read, printed, digested as the official client does."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wandkit._core.manifest import Manifest, ManifestEntry
from wandkit.errors import AnswerError, ArgumentError

REAL = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "manifests"

SEEN = b"""{
    "version": 1,
    "storagePolicy": "wandb-storage-policy-v1",
    "storagePolicyConfig": {
        "storageLayout": "V2"
    },
    "contents": {
        "epoch-1 \\u00fc.table.json": {
            "digest": "dFuJO8n0Y+/PTRVB/GXHxw==",
            "birthArtifactID": "QXJ0aWZhY3Q6Mjc3MDU1NTc4",
            "size": 22846
        },
        "far": {
            "digest": "one",
            "ref": "https://example.invalid/far",
            "extra": {
                "etag": "\\"one\\""
            },
            "size": 3
        }
    }
}"""

segments = st.text(
    st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="/\\:"), min_size=1
).filter(lambda text: text not in (".", "..") and text.strip() == text)
names = st.lists(segments, min_size=1, max_size=4).map("/".join)
digests = st.binary(min_size=16, max_size=16).map(lambda raw: base64.b64encode(raw).decode())
entries = st.builds(
    ManifestEntry,
    names,
    digests,
    st.none() | st.integers(0, 2**50),
    st.none() | st.just("s3://bucket/key"),
    st.none() | st.just("QXJ0aWZhY3Q6MQ=="),
    st.dictionaries(st.sampled_from(["etag", "versionID"]), st.text(max_size=5), max_size=2),
)
manifests = st.lists(entries, max_size=8, unique_by=lambda entry: entry.path).map(Manifest)


def official_digest(document: dict[str, dict[str, dict[str, str]]]) -> str:
    """Digest a manifest the way that is known of the official client."""
    digest = hashlib.md5(b"wandb-artifact-manifest-v1\n")
    for path, entry in sorted(document["contents"].items()):
        digest.update(f"{path}:{entry['digest']}\n".encode())
    return digest.hexdigest()


def test_a_manifest_prints_back_to_the_same_bytes() -> None:
    assert Manifest.parse(SEEN).print() == SEEN


@given(manifests)
def test_printing_and_reading_keep_everything(manifest: Manifest) -> None:
    same = Manifest.parse(manifest.print())
    assert same.entries == manifest.entries
    assert same.print() == manifest.print()


@given(manifests)
def test_the_digest_is_that_of_the_official_client(manifest: Manifest) -> None:
    assert manifest.digest() == official_digest(json.loads(manifest.print()))


@given(manifests)
def test_the_digest_does_not_depend_on_the_order(manifest: Manifest) -> None:
    assert Manifest(reversed([*manifest])).digest() == manifest.digest()


@pytest.mark.parametrize(
    "text",
    [
        *("", "{}", "[]", '{"version": 2, "contents": {}}', '{"version": 1, "contents": [1]}'),
        '{"version": 1, "contents": {"a": {"digest": "x", "ref": 5}}}',
        '{"version": 1, "contents": {"a": {"digest": "x", "extra": [1]}}}',
    ],
)
def test_what_is_no_manifest_is_refused(text: str) -> None:
    with pytest.raises(AnswerError):
        Manifest.parse(text)


def test_an_entry_is_added_once() -> None:
    manifest = Manifest([ManifestEntry("a", "one")])
    assert manifest.add_entry(ManifestEntry("a", "one")) is manifest.entries["a"]
    with pytest.raises(ArgumentError, match="another entry"):
        manifest.add_entry(ManifestEntry("a", "two"))


def test_a_folder_has_what_is_below_it_only() -> None:
    manifest = Manifest([ManifestEntry("a/b", "1"), ManifestEntry("ab", "2"), ManifestEntry("a/c/d", "3")])
    assert [entry.path for entry in manifest.get_entries_in_directory("a")] == ["a/b", "a/c/d"]


def test_an_entry_has_a_url_of_its_own() -> None:
    entry = ManifestEntry("a/b", "1", birth_artifact_id="QXJ0aWZhY3Q6MQ==")
    assert entry.ref_url() == f"wandb-artifact://{b'Artifact:1'.hex()}/a/b"


@pytest.fixture
def real() -> Path:
    """Give the folder of real manifests."""
    if not REAL.exists():
        pytest.skip("the folder of real data is not here")
    return REAL


def test_real_manifests_print_back_to_their_bytes(real: Path) -> None:
    texts = {path.name: path.read_bytes() for path in sorted((real / "server_manifests").iterdir())}
    again = {name: Manifest.parse(text).print() for name, text in texts.items()}
    # Some were kept on Windows, and one was indented by hand.
    plain = {name: text.replace(b"\r\n", b"\n").rstrip(b"\n") for name, text in texts.items()}
    differing = [name for name in texts if again[name] != plain[name]]
    assert len(texts) > 20
    assert [name for name in differing if b'\n    "version"' in plain[name]] == []
    assert [json.loads(again[name]) for name in texts] == [json.loads(text) for text in texts.values()]


def test_real_manifests_have_the_digests_that_were_logged_with_them(real: Path) -> None:
    lines = (real / "from_transaction_logs" / "artifact_records.jsonl").read_text().splitlines()
    logged: list[dict[str, Any]] = [json.loads(line)["artifact"] for line in lines]
    found = []
    for artifact in logged:
        manifest = artifact["manifest"]
        config = {one["key"]: json.loads(one["value_json"]) for one in manifest["storage_policy_config"]}
        document = {
            "version": manifest["version"],
            "storagePolicy": manifest["storage_policy"],
            "storagePolicyConfig": config,
            "contents": {entry["path"]: entry for entry in manifest.get("contents", [])},
        }
        found.append(Manifest.parse(json.dumps(document)).digest())
    assert len(found) > 100
    assert found == [artifact["digest"] for artifact in logged]
