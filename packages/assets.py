"""Stylesheets and scripts, under names that carry their digest: a browser may keep each for ever."""

import functools
import hashlib
from collections.abc import Mapping
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "static"


@functools.cache
def paths() -> Mapping[str, Path]:
    """The files by the names that browsers ask for."""
    return {names()[path.name]: path for path in FOLDER.iterdir()}


@functools.cache
def names() -> Mapping[str, str]:
    """The names that browsers ask for, by those of the files."""
    return {path.name: f"{path.stem}.{_digest(path)}{path.suffix}" for path in FOLDER.iterdir()}


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
