from collections.abc import Sequence

from tensorboard.compat.proto.tensor_pb2 import TensorProto

class SummaryMetadata:
    class PluginData:
        plugin_name: str
        content: bytes

    plugin_data: PluginData

class Summary:
    class Image:
        height: int
        width: int
        encoded_image_string: bytes

    class Audio:
        encoded_audio_string: bytes

    class Value:
        tag: str
        metadata: SummaryMetadata
        simple_value: float
        image: Summary.Image
        audio: Summary.Audio
        tensor: TensorProto
        def WhichOneof(self, oneof_group: str) -> str | None: ...

    value: Sequence[Value]
