# SPDX-License-Identifier: Apache-2.0
"""Open a file of any kind as a table: what it is, is read from its bytes and never from its name alone."""

import codecs
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from regulars.connectors.delimited import DelimitedTable, JsonLinesTable
from regulars.connectors.rows import Table, UnreadableFile
from regulars.kernel.errors import Saying, gettext_noop

_CHUNK = 1 << 20
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CYRILLIC_EXTRA = {0xA8, 0xB8}
_PICTURES = {
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF8": "GIF",
    b"RIFF": "WebP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
}
_CONTROLS = frozenset(map(chr, range(32))) - frozenset("\0\t\n\v\f\r\x1a\x1b")


def open_table(path: Path, *, scratch: Path) -> Table:
    """Open CSV, TSV, XLSX, Parquet or JSON lines. Raises UnreadableFile.

    The scratch folder takes the copies and sorts that big files need; whoever made it removes it.
    """
    with path.open("rb") as file:
        head = file.read(512)
    if not head.strip(b"\0\r\n\t "):
        raise UnreadableFile(problem=Saying(gettext_noop("it is empty.")))
    if head.startswith(b"PAR1"):
        from regulars.connectors.columnar import ParquetTable  # noqa: PLC0415 - brings DuckDB, and few files need it

        return ParquetTable(path, scratch=scratch)
    if head.startswith(b"PK\x03\x04"):
        from regulars.connectors.sheets import open_workbook  # noqa: PLC0415 - brings openpyxl, and few files need it

        return open_workbook(path, scratch=scratch)
    if head.startswith((b"\x1f\x8b", b"\xd0\xcf\x11\xe0", b"%PDF")):
        raise UnreadableFile(
            problem=Saying(
                gettext_noop("it is a packed file, an old XLS workbook or a PDF. Unpack it or save it as XLSX or CSV.")
            )
        )
    for start_of, kind in _PICTURES.items():
        if head.startswith(start_of):
            said = gettext_noop("it is a picture (%(kind)s), not a table. Save the list that it shows as CSV or XLSX.")
            raise UnreadableFile(problem=Saying(said, kind=kind))
    encoding = sniff_encoding(path)
    _check_text(head.decode(encoding, "replace"))
    start = head.decode(encoding, "replace").lstrip("\ufeff \r\n\t")
    if start.startswith("{"):
        return JsonLinesTable(path, encoding=encoding)
    if start.startswith(("<", "[")):
        raise UnreadableFile(
            problem=Saying(
                gettext_noop("it is XML, HTML or a JSON list. Export CSV, XLSX or one JSON object per line instead.")
            )
        )
    return DelimitedTable(path, encoding=encoding)


def _check_text(sample: str) -> None:
    """Refuse what no program writes into a table of texts: more than a stray control character."""
    if sum(char in _CONTROLS for char in sample) * 50 > len(sample):
        problem = gettext_noop("it is not a table of texts. Save it as CSV or XLSX in the program that made it.")
        raise UnreadableFile(problem=Saying(problem))


def sniff_encoding(path: Path) -> str:
    """Return the encoding of a text: by its mark, by its zero bytes, UTF-8 if all of it decodes, else cp1251 or cp1252.

    Raises UnreadableFile if a line is longer than a mebibyte.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    sample = b""
    is_utf8 = True
    for chunk in _chunks(path):
        sample = sample or chunk
        error_at = _decoding_error(decoder, chunk) if is_utf8 else None
        if error_at is not None:
            is_utf8 = False
            sample = sample if len(sample) < _CHUNK else chunk[max(error_at - 1_000, 0) :]
    return _encoding_of(sample, is_utf8=is_utf8)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            if len(chunk) == _CHUNK and b"\n" not in chunk and b"\r" not in chunk:
                raise UnreadableFile(problem=Saying(gettext_noop("a line is longer than a million characters.")))
            yield chunk


def _decoding_error(decoder: codecs.IncrementalDecoder, chunk: bytes) -> int | None:
    try:
        decoder.decode(chunk)
    except UnicodeDecodeError as error:
        return error.start
    return None


def _encoding_of(sample: bytes, *, is_utf8: bool) -> str:
    for mark, encoding in _BOMS:
        if sample.startswith(mark):
            return encoding
    if sample.count(0) * 4 > len(sample):
        return "utf-16-le" if sample[1::2].count(0) >= sample[::2].count(0) else "utf-16-be"
    return "utf-8" if is_utf8 else _single_byte(sample)


def _single_byte(sample: bytes) -> str:
    """Tell Cyrillic, where letters above 127 stand side by side, from Western text, where they stand alone."""
    high = [byte >= 0xC0 or byte in _CYRILLIC_EXTRA for byte in sample]
    pairs = sum(left and right for left, right in pairwise(high))
    return "cp1251" if 2 * pairs >= sum(high) else "cp1252"
