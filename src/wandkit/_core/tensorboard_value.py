"""The values of event files in the forms that a run has for them: numbers, histograms, media, config."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wandkit._core.tensorboard_media import MediaFile, audio_value, image_value, text_value
from wandkit._core.tensorboard_name import TagNames

if TYPE_CHECKING:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.compat.proto.tensor_pb2 import TensorProto

__all__ = ["Converter", "Hyperparameters", "Skipped", "Value"]

MOST_BINS = 512
LARGEST_LIST = 32
TENSOR_BINS = 32
REBINNED = f"histograms with more than {MOST_BINS} bins, joined to as many"
SUMMED_UP = f"tensors of more than {LARGEST_LIST} elements, sent as histograms of the finite ones"
NO_FORM = {
    "pr_curves": "a precision-recall curve has no form in a run's history",
    "mesh": "a mesh has no form in a run's history",
    "custom_scalars": "a layout of TensorBoard's page is no value",
    "projector": "a projector's settings are no value",
    "graphs": "a graph has no form in a run",
    "graph_run_metadata": "a graph has no form in a run",
    "graph_run_metadata_graph": "a graph has no form in a run",
    "graph_keras_model": "a graph has no form in a run",
}


@dataclass(slots=True)
class Value:
    """One value of a history row.

    Attributes:
        key: Its key in the row.
        kind: What it is: `scalar`, `histogram`, `tensor`, `image`, `text`, `audio`.
        data: The value as the row has it.
        ends: How many of the event's values it and those before it are.
        count: How many of them are in it.
        files: The files to upload before the row is sent.
        note: What was done to it, if it has no exact form in a run.
    """

    key: str
    kind: str
    data: Any
    ends: int = 0
    count: int = 1
    files: list[MediaFile] = field(default_factory=list[MediaFile])
    note: str | None = None


@dataclass(slots=True)
class Hyperparameters:
    """What a session of the hparams plugin started with."""

    values: dict[str, Any]


@dataclass(slots=True)
class Skipped:
    """A value that is not sent, and why."""

    tag: str
    reason: str


@dataclass(slots=True)
class _Images:
    """The images of one key; those of `tag/0`, `tag/1` come one by one."""

    key: str
    numbered: bool
    images: list[bytes]
    width: int
    height: int
    count: int = 1

    def joins(self, other: _Images) -> bool:
        """Take in the images of `other` if they are of the same list."""
        if not other.numbered or other.key != self.key:
            return False
        self.images += other.images
        self.count += 1
        return True

    def value(self, step: int, *, ends: int) -> Value:
        """Return them as a value."""
        data, files = image_value(self.key, step, self.images, self.width, self.height)
        return Value(self.key, "image", data, ends, self.count, files)


class Converter:
    """Converts the events of one folder: what a tag holds is said with its first value only."""

    def __init__(self, namespace: str) -> None:
        self.names = TagNames(namespace)
        self._plugins: dict[str, str] = {}

    def learn(self, event: Event, before: int) -> Iterator[Hyperparameters]:
        """Take note of the tags of the first `before` values, which are not to be converted.

        Yields the hyperparameters among them: they decide which name later ones get.
        """
        for value in event.summary.value[:before]:
            plugin = self._plugin(value)
            if plugin == "hparams":
                found = _hyperparameters(value)
                if isinstance(found, Hyperparameters):
                    yield found
            elif plugin == "images" or value.WhichOneof("value") == "image":
                self.names.image_key(value.tag)
            elif plugin not in NO_FORM:
                self.names.key(value.tag)

    def convert(self, event: Event, after: int = 0) -> Iterator[Value | Hyperparameters | Skipped]:
        """Yield what becomes of the event's values from number `after` on."""
        pending: _Images | None = None
        for number, value in enumerate(event.summary.value):
            plugin = self._plugin(value)
            if number < after:
                continue
            kind = value.WhichOneof("value")
            is_image = kind == "image" or (kind == "tensor" and plugin == "images")
            found = self._images(value) if is_image else self._other(value, plugin, event.step)
            if isinstance(found, _Images) and pending and pending.joins(found):
                continue
            if pending:
                yield pending.value(event.step, ends=number)
            pending = found if isinstance(found, _Images) else None
            if isinstance(found, Value):
                found.ends = number + 1
            if not isinstance(found, _Images):
                yield found
        if pending:
            yield pending.value(event.step, ends=len(event.summary.value))

    def _plugin(self, value: Summary.Value) -> str:
        named = value.metadata.plugin_data.plugin_name
        if value.tag in self._plugins:
            return self._plugins[value.tag]
        if named or value.WhichOneof("value") == "tensor":
            self._plugins[value.tag] = named
        return named

    def _images(self, value: Summary.Value) -> _Images | Skipped:
        key, number = self.names.image_key(value.tag)
        if value.WhichOneof("value") == "image":
            image = value.image
            parts = [image.encoded_image_string]
            width, height = image.width, image.height
        else:
            strings = list(value.tensor.string_val)
            parts = strings[2:]
            width, height = _dimension(strings[:1]), _dimension(strings[1:2])
        if not any(parts):
            return Skipped(value.tag, "there is no image in it")
        return _Images(key, number is not None, parts, width, height)

    def _other(self, value: Summary.Value, plugin: str, step: int) -> Value | Hyperparameters | Skipped:
        kind = value.WhichOneof("value")
        if kind == "simple_value":
            return Value(self.names.key(value.tag), "scalar", value.simple_value)
        if plugin in NO_FORM:
            return Skipped(value.tag, NO_FORM[plugin])
        try:
            if plugin == "hparams":
                return _hyperparameters(value)
            if kind == "histo" or plugin == "histograms":
                return self._histogram(value)
            if kind == "audio" or plugin == "audio":
                return self._audio(value, step)
            if kind == "tensor":
                return self._tensor(value, plugin, step)
        except (TypeError, ValueError) as error:
            return Skipped(value.tag, f"it cannot be read: {error}")
        return Skipped(value.tag, f"a {kind or plugin or 'value without content'} has no form in a run")

    def _histogram(self, value: Summary.Value) -> Value | Skipped:
        buckets: list[list[float]] = _array_of(_migrated(value).tensor).tolist()
        if not buckets:
            return Skipped(value.tag, "the histogram is empty")
        edges = [buckets[0][0], *(bucket[1] for bucket in buckets)]
        counts = [bucket[2] for bucket in buckets]
        if not all(map(math.isfinite, edges)):
            return Skipped(value.tag, "the histogram has edges that are not finite")
        note = None
        if len(counts) > MOST_BINS:
            note = REBINNED
            edges, counts = _joined(edges, counts)
        data = {"_type": "histogram", "values": counts, "bins": edges}
        return Value(self.names.key(value.tag), "histogram", data, note=note)

    def _audio(self, value: Summary.Value, step: int) -> Value | Skipped:
        key = self.names.key(value.tag)
        if value.WhichOneof("value") == "audio":
            clips, labels = [value.audio.encoded_audio_string], [""]
        else:
            strings = list(value.tensor.string_val)
            paired = len(value.tensor.tensor_shape.dim) > 1
            clips = strings[::2] if paired else strings
            labels = [label.decode("utf-8", "replace") for label in strings[1::2]] if paired else []
        if not any(clips):
            return Skipped(value.tag, "there is no sound in it")
        data, files = audio_value(key, step, clips, labels)
        return Value(key, "audio", data, files=files)

    def _tensor(self, value: Summary.Value, plugin: str, step: int) -> Value | Skipped:
        key = self.names.key(value.tag)
        array = _array_of(value.tensor)
        if plugin == "text" or array.dtype.kind in "OSU":
            texts = [_decoded(part) for part in array.reshape(-1).tolist()]
            if not texts:
                return Skipped(value.tag, "there is no text in it")
            data, files = text_value(key, step, texts)
            return Value(key, "text", data, files=files)
        if array.dtype.kind not in "biuf":
            return Skipped(value.tag, f"a tensor of {array.dtype.name} has no form in a run")
        if array.size == 1:
            return Value(key, "scalar", array.reshape(-1).tolist()[0])
        if plugin not in ("", "scalars"):
            return Skipped(value.tag, f"a tensor of the plugin {plugin} has no form in a run")
        if not array.size:
            return Skipped(value.tag, "the tensor is empty")
        if array.size <= LARGEST_LIST:
            return Value(key, "tensor", array.tolist())
        return Value(key, "tensor", _summed_up(array), note=SUMMED_UP)


def _migrated(value: Summary.Value) -> Summary.Value:
    """Return a histogram of either format in the newer one."""
    from tensorboard.data_compat import migrate_value

    return migrate_value(value)


def _array_of(tensor: TensorProto) -> Any:
    """Return a tensor as a NumPy array."""
    from tensorboard.util.tensor_util import make_ndarray

    return make_ndarray(tensor)


def _summed_up(array: Any) -> dict[str, Any]:
    """Return an array as the histogram of its finite elements."""
    import numpy

    counts, edges = numpy.histogram(array[numpy.isfinite(array)], bins=TENSOR_BINS)
    return {"_type": "histogram", "values": counts.tolist(), "bins": edges.tolist()}


def _dimension(strings: list[bytes]) -> int:
    try:
        return int(strings[0])
    except (IndexError, ValueError):
        return 0


def _decoded(part: object) -> str:
    return part.decode("utf-8", "replace") if isinstance(part, bytes) else str(part)


def _joined(edges: list[float], counts: list[float]) -> tuple[list[float], list[float]]:
    """Join neighbouring bins, so that at most `MOST_BINS` are left; nothing that was counted is lost."""
    each = -(-len(counts) // MOST_BINS)
    return (
        [*edges[:-1:each], edges[-1]],
        [sum(counts[at : at + each]) for at in range(0, len(counts), each)],
    )


def _hyperparameters(value: Summary.Value) -> Hyperparameters | Skipped:
    from google.protobuf.json_format import MessageToDict, SerializeToJsonError
    from google.protobuf.message import DecodeError
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    try:
        found = HParamsPluginData.FromString(value.metadata.plugin_data.content)
    except DecodeError:
        return Skipped(value.tag, "its hyperparameters cannot be read")
    part = found.WhichOneof("data")
    if part != "session_start_info":
        return Skipped(value.tag, f"{part or 'no content'} of the hparams plugin is about its page, no value")
    values: dict[str, Any] = {}
    for name, entry in found.session_start_info.hparams.items():
        kind = entry.WhichOneof("kind")
        plain = kind in ("number_value", "string_value", "bool_value")
        try:
            values[name] = getattr(entry, kind) if plain and kind else MessageToDict(entry)
        except (SerializeToJsonError, ValueError) as error:
            return Skipped(value.tag, f"the hyperparameter {name} cannot be read: {error}")
    return Hyperparameters(values)
