"""What the server says about itself."""

from __future__ import annotations

from typing import Any

from ariadne import ObjectType, QueryType, SchemaBindable
from graphql import GraphQLResolveInfo

from wandkit.server.graphql import context_of

__all__ = ["BINDABLES"]

query: QueryType = QueryType()
server_info: ObjectType = ObjectType("ServerInfo")

BINDABLES: list[SchemaBindable] = [query, server_info]

CLIENT_VERSIONS = {"max_cli_version": "0.31.0", "min_cli_version": "0.12.0"}
"""The official clients that this server is tested with, and the oldest whose requests it knows."""

SERVER_RELEASE = "0.77.0"
"""The release of the hosted software whose contract is served; clients switch capabilities by it."""


@query.field("serverInfo")
def resolve_server_info(_parent: None, info: GraphQLResolveInfo) -> dict[str, Any]:
    """Return the server's facts; everybody may ask."""
    return {
        "cliVersionInfo": CLIENT_VERSIONS,
        "latestLocalVersionInfo": {
            "outOfDate": False,
            "latestVersionString": SERVER_RELEASE,
            "versionOnThisInstanceString": SERVER_RELEASE,
        },
        "frontendHost": context_of(info).base_url,
        "pollingOK": True,
        "exposesExplicitRunQueueAckPath": True,
    }


@server_info.field("features")
def resolve_features(_parent: object, info: GraphQLResolveInfo) -> list[dict[str, Any]]:
    """Return the enabled features; a name that is not listed is off."""
    return [{"name": name, "isEnabled": True} for name in sorted(context_of(info).config.features)]


@server_info.field("featureFlags")
def resolve_feature_flags(
    _parent: object, info: GraphQLResolveInfo, **_arguments: object
) -> list[dict[str, Any]]:
    """Return the enabled features, as flags."""
    return [{"rampKey": name, "isEnabled": True} for name in sorted(context_of(info).config.features)]
