from collections.abc import Sequence

class TensorShapeProto:
    dim: Sequence[object]

class TensorProto:
    string_val: Sequence[bytes]
    tensor_shape: TensorShapeProto
