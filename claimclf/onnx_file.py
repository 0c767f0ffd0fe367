"""What an ONNX file refers to, read from its bytes before anything opens it.

ONNX Runtime reads the tensors that a model keeps in other files from wherever the model says they are. A
model directory is not trusted, so a model that does so is refused; its own directory holds nothing it could
mean. The file is a protocol buffer (https://protobuf.dev/programming-guides/encoding/) of the message
``ModelProto`` (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto); only what leads to a tensor is looked
at, and the contents of tensors are skipped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from mmap import mmap

    Buffer = bytes | mmap

_VARINT, _EIGHT_BYTES, _LENGTH, _FOUR_BYTES = 0, 1, 2, 5
# Of each message: the fields that lead to tensors, and the message that they hold.
_LEADS_TO: Mapping[str, Mapping[int, str]] = {
    "model": {7: "graph", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
}
_TENSOR_EXTERNAL_DATA = 13
_IS_EXTERNAL = (14, 1, 0)  # data_location = EXTERNAL
_DEEPEST = 64


def has_external_data(model: Buffer) -> bool:
    """Whether a tensor of the model stands in another file.

    Raises:
        ValueError: it is not such a protocol buffer.

    >>> has_external_data(b"")
    False
    """
    pending = [("model", 0, len(model), 0)]
    while pending:
        kind, start, end, depth = pending.pop()
        if depth > _DEEPEST:
            raise ValueError("graphs stand too deep within each other")
        for number, value, stop in _fields(model, start, end):
            if kind != "tensor":
                if number in _LEADS_TO[kind] and stop:
                    pending.append((_LEADS_TO[kind][number], value, stop, depth + 1))
            elif number == _TENSOR_EXTERNAL_DATA or (number, value, stop) == _IS_EXTERNAL:
                return True
    return False


def _fields(model: Buffer, position: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The fields of a message: their number, and the number they hold and 0, or where their bytes are."""
    while position < end:
        key, position = _varint(model, position, end)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, position = _varint(model, position, end)
            yield number, value, 0
            continue
        if kind == _LENGTH:
            length, position = _varint(model, position, end)
        elif kind in (_EIGHT_BYTES, _FOUR_BYTES):
            length = 8 if kind == _EIGHT_BYTES else 4
        else:
            raise ValueError(f"there is no wire type {kind}")
        if position + length > end:
            raise ValueError("it ends within a field")
        if length:
            yield number, position, position + length
        position += length


def _varint(model: Buffer, position: int, end: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if position >= end:
            raise ValueError("it ends within a number")
        byte = model[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise ValueError("a number is too long")
