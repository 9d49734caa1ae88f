from typing import Any

from tensorboard.compat.proto.tensor_pb2 import TensorProto

def make_ndarray(tensor: TensorProto) -> Any: ...
