"""Read `.wandb` logs by the official reader and print what they hold: LOG….

`whole` is false where a log ends in the middle of a record: clients differ in what they make of that.
"""

from __future__ import annotations

import json
import sys

from google.protobuf.message import DecodeError
from wandb.proto.wandb_internal_pb2 import Record
from wandb.sdk.internal.datastore import DataStore


def records(path: str) -> tuple:
    """Return the records of a log and whether it ends cleanly."""
    store = DataStore()
    store.open_for_scan(path)
    found = []
    while True:
        try:
            data = store.scan_data()
        except AssertionError:
            return found, False
        if data is None:
            return found, True
        record = Record()
        try:
            record.ParseFromString(data)
        except DecodeError:  # kinds of records that this reader is too old for
            continue
        found.append(record)


def put(values: dict, item: object) -> None:
    """Set an item's value at its key, which may be a path."""
    path = list(item.nested_key) or [item.key]
    for key in path[:-1]:
        if not isinstance(values.get(key), dict):
            values[key] = {}
        values = values[key]
    values[path[-1]] = json.loads(item.value_json)


def drop(values: dict, item: object) -> None:
    """Remove the value at an item's key."""
    path = list(item.nested_key) or [item.key]
    for key in path[:-1]:
        values = values.get(key)
        if not isinstance(values, dict):
            return
    values.pop(path[-1], None)


def read(path: str) -> dict:
    """Return what a log holds: id, config, summary and history rows in step order."""
    found, whole = records(path)
    run_id, version, config, summary, history = None, "0.0", {}, {}, []
    for record in found:
        kind = record.WhichOneof("record_type")
        if kind == "header":
            version = record.header.version_info.producer or version
        elif kind == "run":
            run_id = run_id or record.run.run_id
            for item in record.run.config.update:
                put(config, item)
        elif kind == "config":
            for item in record.config.update:
                put(config, item)
            for item in record.config.remove:
                drop(config, item)
        elif kind == "summary":
            for item in record.summary.update:
                put(summary, item)
            for item in record.summary.remove:
                drop(summary, item)
        elif kind == "history":
            row = {}
            for item in record.history.item:
                put(row, item)
            row.setdefault("_step", record.history.step.num)
            history.append(row)
    history.sort(key=lambda row: row["_step"])
    shown = {"config": config, "summary": summary, "history": history}
    items = [item for record in found for item in record.history.item]
    new = version >= "0.17" or any(item.nested_key for item in items)
    plain = [item for record in found for item in record.summary.update if not item.nested_key]
    facts = {"new": new, "sends_summary": not (new and plain), "log": path, "id": run_id, "whole": whole}
    return {**facts, **{name: json.dumps(value) for name, value in shown.items()}}


print("ANSWER " + json.dumps([read(path) for path in sys.argv[1:]]))
