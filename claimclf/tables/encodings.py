"""Which encoding a file of text is in, and whether it is text at all."""

from __future__ import annotations

import codecs
import io
import re
from pathlib import Path

from claimclf.errors import OptionError, UnreadableFileError

_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_MARK_OF = {
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
    "utf-32-le": codecs.BOM_UTF32_LE,
    "utf-32-be": codecs.BOM_UTF32_BE,
}
# Decoders that take a byte order mark for what it is.
_WITHOUT_MARK = {"utf-8": "utf-8-sig", **{name: name.rpartition("-")[0] for name in _MARK_OF}}
_SAVE_AS_TEXT = (
    'Save it as plain text (.txt) first: in Word or LibreOffice with "Save as", in a browser by copying.'
)
_SAVE_AS_CSV = 'Save the sheet as "CSV UTF-8" first, then give that file.'
# How files begin that hold text, but are none.
_NOT_TEXT = {
    b"%PDF": ("this is a PDF", "Turn it into text first, for example: pdftotext {0} {1}.txt"),
    b"\xd0\xcf\x11\xe0": (
        "is a document of Word or Excel, of the old kind",
        f"{_SAVE_AS_TEXT} {_SAVE_AS_CSV}",
    ),
    b"{\\rtf": ("this is a rich text document", _SAVE_AS_TEXT),
    b"PAR1": (
        "this is a Parquet file",
        "It is read from a file, not from a stream: one named .parquet, or with --input-format parquet",
    ),
    b"PK\x03\x04": (
        "this is an archive, or a document of Word or Excel",
        f"{_SAVE_AS_TEXT} A workbook is read from a file whose name ends in .xlsx.",
    ),
}
_BY_ENDING = {
    ".docx": ("this is a document of Word", _SAVE_AS_TEXT),
    ".odt": ("this is a document of LibreOffice", _SAVE_AS_TEXT),
    ".ods": ("this is a workbook of LibreOffice", _SAVE_AS_CSV),
    ".html": ("this is a web page, whose markup would be read as text", _SAVE_AS_TEXT),
    ".htm": ("this is a web page, whose markup would be read as text", _SAVE_AS_TEXT),
}


def encoding_of(name: str, head: bytes, declared: str | None) -> str:
    """The encoding to read a file in: the declared one, that of its byte order mark, UTF-8, or a guess.

    Args:
        name: of the file, for messages and for its ending.
        head: its first bytes, some kilobytes at the least.
        declared: what the user says it is in.

    Raises:
        OptionError: there is no such encoding.
        UnreadableFileError: it is not text.

    >>> encoding_of("a.txt", "naïve".encode("cp1252"), None)
    'cp1252'
    """
    refuse_documents(name, head)
    if declared is not None:
        return _known_encoding(declared, head)
    for mark, encoding in _MARKS.items():
        if head.startswith(mark):
            return encoding
    if head.count(b"\0") * 4 > len(head):
        return probable_encoding(head)
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        if b"\0" in head:
            raise UnreadableFileError(
                Path(name), "this is not text", "Give it as .txt, .csv, .tsv or .jsonl."
            ) from None
        return probable_encoding(head)
    return "utf-8-sig"


def _known_encoding(declared: str, head: bytes) -> str:
    """The one name of an encoding that has several: the one that leaves out the byte order mark."""
    try:
        name = codecs.lookup(declared).name
        # Some codecs are none of text, such as base64, or none of files, such as idna.
        io.TextIOWrapper(io.BytesIO(), encoding=name, errors="surrogateescape").read()
    except (LookupError, ValueError):
        raise OptionError("encoding", declared, "a name like utf-8, utf-16, cp1252 or mac-roman") from None
    return _WITHOUT_MARK.get(name, name) if head.startswith(_MARK_OF.get(name, b"")) else name


def refuse_documents(name: str, head: bytes) -> None:
    """Says what to do with a PDF, a Word document or a workbook.

    Raises:
        UnreadableFileError: it is one.
    """
    path = Path(name)
    known = _BY_ENDING.get(path.suffix.lower())
    if known is None:
        known = next((said for start, said in _NOT_TEXT.items() if head.startswith(start)), None)
    if known is not None:
        problem, cure = known
        raise UnreadableFileError(path, problem, cure.format(path, path.stem))


def probable_encoding(sample: bytes) -> str:
    r"""The encoding of text that is not UTF-8: right for what Windows and Mac programs write in English.

    >>> probable_encoding(b"He wasn\xd5t there")
    'mac-roman'
    """
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if sample.count(b"\0") * 4 > len(sample):
        return "utf-16-le" if sample[1:2] == b"\0" else "utf-16-be"
    # The typographic apostrophe between letters is 0x92 in one encoding and 0xd5 in the other.
    windows, mac = (len(re.findall(pattern, sample)) for pattern in (rb"\w\x92\w", rb"\w\xd5\w"))
    return "mac-roman" if mac > windows else "cp1252"
