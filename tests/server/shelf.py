"""What the tests of artifacts share: a caller who logs versions as a client does."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

import xxhash

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx
    from conftest import Caller

__all__ = ["Shelf", "b64md5", "b64xxh128", "digest_of"]

CREATE = """mutation C($i: CreateArtifactInput!) { createArtifact(input: $i) {
  artifact { id state artifactSequence { id latestArtifact { id versionIndex } } } } }"""
FILES = """mutation F($i: CreateArtifactFilesInput!) { createArtifactFiles(input: $i) { files { edges { node {
  id name displayName storagePath uploadUrl uploadHeaders artifact { id }
  uploadMultipartUrls { uploadID uploadUrlParts { partNumber uploadUrl } } } } } } }"""
MANIFEST = """mutation M($i: CreateArtifactManifestInput!) { createArtifactManifest(input: $i) {
  artifactManifest { id file { id name displayName uploadUrl uploadHeaders } } } }"""
COMMIT = """mutation K($id: ID!) { commitArtifact(input: {artifactID: $id}) {
  artifact { id digest state size fileCount versionIndex } } }"""


def b64md5(content: bytes) -> str:
    """Return the base64 form of the MD5 digest, as the wire carries it."""
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()


def b64xxh128(content: bytes) -> str:
    """Return the base64 form of the XXH128 digest."""
    return base64.b64encode(xxhash.xxh128(content).digest()).decode()


def digest_of(digests: Mapping[str, str], algorithm: str = "MANIFEST_MD5") -> str:
    """Return the digest of a version, written down a second time: the tests do not ask the server's code."""
    lines = "".join(f"{name}:{digests[name]}\n" for name in sorted(digests))
    text = b"wandb-artifact-manifest-v1\n" + lines.encode()
    if algorithm == "MANIFEST_XXH128":
        return xxhash.xxh128(text).hexdigest()
    return hashlib.md5(text, usedforsecurity=False).hexdigest()


class Shelf:
    """Logs to one project over HTTP, step by step or at once."""

    def __init__(self, caller: Caller, entity: str, project: str) -> None:
        self.caller = caller
        self.place = {"entityName": entity, "projectName": project}
        caller.data(
            """mutation P($e: String, $p: String) {
              upsertModel(input: {entityName: $e, name: $p}) { inserted } }""",
            e=entity,
            p=project,
        )

    def input(self, name: str, digests: Mapping[str, str], **fields: Any) -> dict[str, Any]:
        """Return the input of `createArtifact`."""
        return {
            **self.place,
            "artifactTypeName": "dataset",
            "artifactCollectionNames": [name],
            "digest": digest_of(digests, fields.get("digestAlgorithm", "MANIFEST_MD5")),
            "digestAlgorithm": "MANIFEST_MD5",
            "enableDigestDeduplication": True,
            **fields,
        }

    def create(self, name: str, digests: Mapping[str, str], **fields: Any) -> dict[str, Any]:
        """Create a version; return what the answer says of it."""
        answer = self.caller.data(CREATE, i=self.input(name, digests, **fields))
        made: dict[str, Any] = answer["createArtifact"]["artifact"]
        return made

    def files(self, version: str, contents: Mapping[str, bytes], **fields: Any) -> list[dict[str, Any]]:
        """Ask for uploads; return the nodes in the answer's order."""
        specs = [
            {"artifactID": version, "name": name, "md5": b64md5(content), **fields}
            for name, content in contents.items()
        ]
        answer = self.caller.data(FILES, i={"artifactFiles": specs, "storageLayout": "V2"})
        return [edge["node"] for edge in answer["createArtifactFiles"]["files"]["edges"]]

    def upload(self, version: str, contents: Mapping[str, bytes]) -> None:
        """Ask for uploads and upload what is not there already."""
        for node in self.files(version, contents):
            if node["uploadUrl"] is not None:
                assert self.put(node["uploadUrl"], contents[node["name"]]).status_code == 200

    def put(self, url: str, content: bytes) -> httpx.Response:
        """Upload by a signed link, without credentials."""
        return self.caller.client.put(url, content=content, auth=("", ""))

    def manifest(self, version: str, entries: Mapping[str, dict[str, Any]], **fields: Any) -> None:
        """Announce and upload a manifest."""
        text = json.dumps(
            {
                "version": 1,
                "storagePolicy": "wandb-storage-policy-v1",
                "storagePolicyConfig": {"storageLayout": "V2"},
                "contents": entries,
            }
        ).encode()
        answer = self.caller.data(
            MANIFEST,
            i={
                **self.place,
                "artifactID": version,
                "name": "wandb_manifest.json",
                "digest": b64md5(text),
                "runName": "",
                **fields,
            },
        )
        url = answer["createArtifactManifest"]["artifactManifest"]["file"]["uploadUrl"]
        assert self.put(url, text).status_code == 200

    def commit(self, version: str) -> dict[str, Any]:
        """Commit; return what the answer says of the version."""
        made: dict[str, Any] = self.caller.data(COMMIT, id=version)["commitArtifact"]["artifact"]
        return made

    def log(
        self,
        name: str,
        contents: Mapping[str, bytes],
        references: Mapping[str, str] | None = None,
        **fields: Any,
    ) -> dict[str, Any]:
        """Log a version with everything that belongs to it; return its id, number and digest."""
        entries: dict[str, dict[str, Any]] = {
            path: {"digest": b64md5(content), "size": len(content)} for path, content in contents.items()
        }
        entries |= {path: {"digest": ref, "ref": ref} for path, ref in (references or {}).items()}
        made = self.create(name, {path: entry["digest"] for path, entry in entries.items()}, **fields)
        if made["state"] == "PENDING":
            self.upload(made["id"], contents)
            self.manifest(made["id"], entries)
        return self.commit(made["id"])

    def aliases(self, name: str) -> dict[str, int]:
        """Return which version each alias of a collection means."""
        answer = self.caller.data(
            """query A($e: String, $p: String, $c: String!) { project(entityName: $e, name: $p) {
              artifactCollection(name: $c) { aliases { edges { node {
                alias artifact { versionIndex(artifactCollectionName: $c) } } } } } } }""",
            e=self.place["entityName"],
            p=self.place["projectName"],
            c=name,
        )
        edges = answer["project"]["artifactCollection"]["aliases"]["edges"]
        return {edge["node"]["alias"]: edge["node"]["artifact"]["versionIndex"] for edge in edges}
