from collections.abc import Mapping

class _Value:
    def WhichOneof(self, oneof_group: str) -> str | None: ...

class SessionStartInfo:
    hparams: Mapping[str, _Value]

class HParamsPluginData:
    session_start_info: SessionStartInfo
    @staticmethod
    def FromString(data: bytes) -> HParamsPluginData: ...
    def WhichOneof(self, oneof_group: str) -> str | None: ...
