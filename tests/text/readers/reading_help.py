"""Shared by the tests of the readers: reading to the end, and bytes in every encoding."""

import gzip
from pathlib import Path
from typing import Any

from bunsan.text.documents import Document, ReadReport, read_documents

CODECS = {  # name -> codec that writes it
    "utf-8": "utf-8",
    "utf-8-sig": "utf-8-sig",
    "cp932": "cp932",
    "euc-jp": "euc_jp",
    "utf-16": "utf-16",
}


def read(sources: Any, **options: Any) -> tuple[list[Document], ReadReport]:
    report = ReadReport()
    return list(read_documents(sources, report=report, **options)), report


def texts(sources: Any, **options: Any) -> list[str]:
    return [document.text for document in read(sources, **options)[0]]


def rows(sources: Any, **options: Any) -> list[int]:
    return [document.row for document in read(sources, **options)[0]]


def problems(sources: Any, **options: Any) -> list[tuple[int, str]]:
    """(row, reason) of what was left out."""
    return [(problem.row, problem.reason) for problem in read(sources, **options)[1].problems]


def write(path: Path, data: bytes | str) -> Path:
    data = data if isinstance(data, bytes) else data.encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path
