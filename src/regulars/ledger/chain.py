# SPDX-License-Identifier: Apache-2.0
"""The chain that makes the books tamper-evident, pure: each seal hashes the one before and every row that a commit wrote.

A row is one line of text: the JSON array of its table's name and its columns, without spaces, in UTF-8. The rows of a commit stand
table by table, those of a table by key. The head of a seal is the line `["seal",2,place]`: the format and its place, counted from 1.

    seal = SHA-256(seal before ‖ SHA-256(row) ‖ SHA-256(row) ‖ … ‖ head)        the first follows 32 zero bytes
"""

import hashlib
from collections.abc import Iterable, Sequence

import msgspec

FORMAT = 2
GENESIS = bytes(32)
MARK_BYTES = 4
_encode = msgspec.json.Encoder().encode


def line_of(row: Sequence[object]) -> bytes:
    """Return a row, given as its table's name and its columns, as the line that is hashed and exported."""
    return _encode(row)


def digests_of(rows: Iterable[Sequence[object]]) -> list[bytes]:
    """Return for each row, given as its table's name and its columns, the 32 bytes that stand for its line."""
    encode, sha256 = _encode, hashlib.sha256
    return [sha256(encode(row)).digest() for row in rows]


def head_of(position: int) -> bytes:
    """Return the line that ends the rows of a seal."""
    return _encode(("seal", FORMAT, position))


def link(previous: bytes, position: int, digests: Iterable[bytes]) -> bytes:
    """Return the 32 bytes that chain a commit's rows to all before."""
    return hashlib.sha256(b"".join([previous, *digests, head_of(position)])).digest()


def marks_of(digests: Iterable[bytes]) -> bytes:
    """Return the beginnings of the rows' digests: kept beside a seal, they tell which row is not the one that was sealed."""
    return b"".join([digest[:MARK_BYTES] for digest in digests])
