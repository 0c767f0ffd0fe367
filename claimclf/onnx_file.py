"""What an ONNX file says of itself, read from its bytes before anything opens it.

ONNX Runtime reads the tensors that a model keeps in other files from wherever the model says they are. A
model directory is not trusted, so a model that does so is refused; its own directory holds nothing it could
mean. The file is a protocol buffer (https://protobuf.dev/programming-guides/encoding/) of the message
``ModelProto`` (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto); only what leads to a tensor or to
metadata is looked at, and the contents of tensors are skipped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from mmap import mmap

    Buffer = bytes | mmap

_VARINT, _EIGHT_BYTES, _LENGTH, _FOUR_BYTES = 0, 1, 2, 5
# Of each message: the fields that lead on, and the message that they hold.
_LEADS_TO: Mapping[str, Mapping[int, str]] = {
    "model": {7: "graph", 14: "metadata", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
}
_TENSOR_EXTERNAL_DATA = 13
_IS_EXTERNAL = (14, 1, 0)  # data_location = EXTERNAL
_KEY, _VALUE = 1, 2
_DEEPEST = 64


@dataclass(frozen=True)
class OnnxFacts:
    """What an ONNX file says of itself.

    Attributes:
        has_external_data: whether a tensor of the model stands in another file.
        metadata: what its maker wrote into it.
    """

    has_external_data: bool
    metadata: Mapping[str, str]


def onnx_facts(model: Buffer) -> OnnxFacts:
    """Reads an ONNX file's bytes.

    Raises:
        ValueError: it is not such a protocol buffer.

    >>> onnx_facts(b"")
    OnnxFacts(has_external_data=False, metadata={})
    """
    external = False
    metadata: dict[str, str] = {}
    pending = [("model", 0, len(model), 0)]
    while pending:
        kind, start, end, depth = pending.pop()
        if depth > _DEEPEST:
            raise ValueError("graphs stand too deep within each other")
        fields = _fields(model, start, end)
        if kind == "metadata":
            texts = {
                number: model[value:stop].decode("utf-8", "replace") for number, value, stop in fields if stop
            }
            metadata[texts.get(_KEY, "")] = texts.get(_VALUE, "")
            continue
        for number, value, stop in fields:
            if kind == "tensor":
                external |= number == _TENSOR_EXTERNAL_DATA or (number, value, stop) == _IS_EXTERNAL
            elif number in _LEADS_TO[kind] and stop:
                pending.append((_LEADS_TO[kind][number], value, stop, depth + 1))
    return OnnxFacts(external, metadata)


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
