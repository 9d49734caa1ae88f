from tensorboard.compat.proto.summary_pb2 import Summary

class Event:
    wall_time: float
    step: int
    summary: Summary
    @staticmethod
    def FromString(data: bytes) -> Event: ...
    def HasField(self, field_name: str) -> bool: ...
    def WhichOneof(self, oneof_group: str) -> str | None: ...
