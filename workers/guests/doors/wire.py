"""Messages between a worker and the process of a guest: a head in JSON, then tables and arrays.

No pickle: what comes from a guest is data, never code.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

LENGTH = struct.Struct("<I")
LARGEST = 2**30
"""Bytes of one message: a catalogue of a million pictures fits."""
DTYPES = ("bool", "uint8", "int16", "int32", "int64", "float32", "float64")


@dataclass(frozen=True)
class Message:
    """One message."""

    head: dict[str, Any]
    """What JSON can say."""
    tables: Mapping[str, pa.Table] = field(default_factory=dict)
    """By name."""
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    """By name; of DTYPES."""


def send(stream: BinaryIO, message: Message) -> None:
    """Write a message whole."""
    packed = {name: _packed(table) for name, table in message.tables.items()}
    arrays = {name: np.ascontiguousarray(one) for name, one in message.arrays.items()}
    about = {
        "head": message.head,
        "tables": {name: len(data) for name, data in packed.items()},
        "arrays": {name: [str(one.dtype), list(one.shape)] for name, one in arrays.items()},
    }
    head = json.dumps(about).encode()
    stream.write(LENGTH.pack(len(head)) + head)
    for data in packed.values():
        stream.write(data)
    for one in arrays.values():
        stream.write(one.tobytes())
    stream.flush()


def receive(stream: BinaryIO) -> Message:
    """Read a message. Raises EOFError where it ends too soon, ValueError where it is none."""
    (length,) = LENGTH.unpack(_exactly(stream, LENGTH.size))
    about = json.loads(_exactly(stream, length))
    tables = {
        str(name): pa.ipc.open_stream(_exactly(stream, int(size))).read_all()
        for name, size in about["tables"].items()
    }
    arrays = {
        str(name): _array(stream, str(dtype), [int(side) for side in shape])
        for name, (dtype, shape) in about["arrays"].items()
    }
    return Message(about["head"], tables, arrays)


def _packed(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def _array(stream: BinaryIO, dtype: str, shape: list[int]) -> NDArray[Any]:
    if dtype not in DTYPES or min(shape, default=0) < 0:
        raise ValueError(f"no array: {dtype} {shape}")
    kind = np.dtype(dtype)
    return np.frombuffer(_exactly(stream, prod(shape) * kind.itemsize), kind).reshape(shape)


def _exactly(stream: BinaryIO, size: int) -> bytes:
    if size > LARGEST:
        raise ValueError(f"a message of {size:,} bytes, at most {LARGEST:,} are read")
    found = stream.read(size)
    if len(found) < size:
        raise EOFError
    return found
