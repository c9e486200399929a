"""Smaller pictures: a PNG of Chromium's as one with a palette, which is enough for text on a plain ground."""

import struct
import zlib
from collections import Counter
from itertools import pairwise

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOURS = 256
# Bytes of a pixel by PNG's type of colour: RGB, and RGB with transparency, of eight bits each.
_DEPTHS = {2: 3, 6: 4}


def with_palette(picture: bytes) -> bytes:
    """The same picture in up to 256 colours: the most frequent ones, and for each other one the nearest of these."""
    width, height, rows = _decoded(picture)
    pixels = [row[start : start + 3] for row, step in rows for start in range(0, width * step, step)]
    counted = Counter(pixels)
    # Colours that hardly differ are one: the edges of letters have thousands.
    palette = _chosen(counted)
    number = {colour: min(range(len(palette)), key=lambda n: _distance(palette[n], colour)) for colour in counted}
    lines = (bytes([0, *(number[pixel] for pixel in pixels[y * width : (y + 1) * width])]) for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    data = zlib.compress(b"".join(lines), 9)
    chunks = ((b"IHDR", header), (b"PLTE", b"".join(palette)), (b"IDAT", data), (b"IEND", b""))
    return _SIGNATURE + b"".join(_chunk(kind, content) for kind, content in chunks)


def _chosen(counted: Counter[bytes]) -> list[bytes]:
    """The most frequent colours that are some way apart; nearer ones as long as there is room."""
    for apart in (0, 24, 48, 96, 192, 384):
        chosen: list[bytes] = []
        for colour, _ in counted.most_common():
            if all(_distance(colour, other) > apart for other in chosen):
                chosen.append(colour)
            if len(chosen) > _COLOURS:
                break
        if len(chosen) <= _COLOURS:
            return chosen
    return chosen[:_COLOURS]


def _distance(one: bytes, other: bytes) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def _decoded(picture: bytes) -> tuple[int, int, list[tuple[bytes, int]]]:
    """Width, height, and the rows of pixels with the bytes of each."""
    assert picture.startswith(_SIGNATURE)
    data, at, header = b"", len(_SIGNATURE), b""
    while at < len(picture):
        size, kind = struct.unpack(">I4s", picture[at : at + 8])
        content = picture[at + 8 : at + 8 + size]
        header = content if kind == b"IHDR" else header
        data += content if kind == b"IDAT" else b""
        at += size + 12
    width, height, bits, colour, *_ = struct.unpack(">IIBBBBB", header)
    assert bits == 8
    step = _DEPTHS[colour]
    raw, line = zlib.decompress(data), width * step + 1
    rows = [bytes(width * step)]
    for start in range(0, height * line, line):
        rows.append(_unfiltered(raw[start], raw[start + 1 : start + line], rows[-1], step))
    return width, height, [(row, step) for _, row in pairwise(rows)]


def _unfiltered(kind: int, line: bytes, above: bytes, step: int) -> bytes:
    """A row without the filter that it was written with (PNG, section 9)."""
    if kind == 0:
        return line
    if kind == 2:
        return bytes((a + b) & 255 for a, b in zip(line, above, strict=True))
    row = bytearray(line)
    for place, value in enumerate(line):
        left = row[place - step] if place >= step else 0
        corner = above[place - step] if place >= step else 0
        guess = (left, 0, (left + above[place]) // 2, _paeth(left, above[place], corner))[kind - 1]
        row[place] = (value + guess) & 255
    return bytes(row)


def _paeth(left: int, above: int, corner: int) -> int:
    guess = left + above - corner
    return min((left, above, corner), key=lambda each: abs(guess - each))


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
