"""MongoDB's wire protocol: one message in, one command out, and back.

OP_MSG, and the OP_QUERY with which drivers still greet a server they do not know.
Byte layouts: MongoDB's manual, "MongoDB Wire Protocol".
"""

from __future__ import annotations

import itertools
import socket
import struct
from dataclasses import dataclass
from typing import Any

import bson

OP_REPLY, OP_QUERY, OP_MSG = 1, 2004, 2013
HEADER = struct.Struct("<iiii")
CHECKSUM, MORE_TO_COME = 1, 2
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Message:
    """A command of a client, and how it wants to be answered."""

    number: int
    opcode: int
    command: dict[str, Any]
    silent: bool = False


def receive(client: socket.socket) -> Message | None:
    """Read one message; None when the client has gone."""
    header = _read(client, HEADER.size)
    if header is None:
        return None
    length, number, _, opcode = HEADER.unpack(header)
    body = _read(client, length - HEADER.size)
    if body is None:
        return None
    if opcode == OP_MSG:
        flags, command = _sections(body)
        return Message(number, opcode, command, bool(flags & MORE_TO_COME))
    if opcode == OP_QUERY:
        end = body.index(b"\0", 4)
        database = body[4:end].decode().partition(".")[0]
        command = bson.decode(body[end + 9 :])
        return Message(number, opcode, {**command, "$db": database})
    raise ValueError(f"opcode {opcode} is not spoken here")


def send(client: socket.socket, to: Message, answer: dict[str, Any]) -> None:
    """Answer a message in the form it came in."""
    document = bson.encode(answer)
    if to.opcode == OP_MSG:
        body = struct.pack("<iB", 0, 0) + document
    else:
        body = struct.pack("<iqii", 8, 0, 0, 1) + document
    opcode = OP_MSG if to.opcode == OP_MSG else OP_REPLY
    length = HEADER.size + len(body)
    client.sendall(HEADER.pack(length, next(_numbers), to.number, opcode) + body)


def _sections(body: bytes) -> tuple[int, dict[str, Any]]:
    (flags,) = struct.unpack_from("<i", body)
    end = len(body) - (4 if flags & CHECKSUM else 0)
    at, command, lists = 4, {}, {}
    while at < end:
        kind, at = body[at], at + 1
        (size,) = struct.unpack_from("<i", body, at)
        if kind == 0:
            command = bson.decode(body[at : at + size])
        else:
            name_end = body.index(b"\0", at + 4)
            name = body[at + 4 : name_end].decode()
            lists[name] = bson.decode_all(body[name_end + 1 : at + size])
        at += size
    return flags, {**command, **lists}


def _read(client: socket.socket, size: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < size:
        part = client.recv(size - len(parts))
        if not part:
            return None
        parts += part
    return bytes(parts)
