"""What a distribution file is for, in words: the tags of a wheel's filename (PEP 425 and those after it)."""

import re
from collections.abc import Iterable

# Of alternatives, so many are told; a wheel's compressed tags may name hundreds.
MOST_TOLD = 3
# No longer than the tags of real wheels.
LONGEST_TAG = 40

_INTERPRETERS = {"py": "any Python", "cp": "CPython", "pp": "PyPy", "graalpy": "GraalPy", "ip": "IronPython"}
_WINDOWS = {"win32": "x86", "win_amd64": "x86_64", "win_arm64": "arm64", "win_arm32": "arm32", "win_ia64": "ia64"}
_PYTHON = re.compile(r"(?P<name>[a-z]+)(?P<major>[0-9])(?P<minor>[0-9]*)")
# CPython's own ABI, with the letters that set it apart; pymalloc and wide Unicode were of old Pythons.
_CPYTHON_ABI = re.compile(r"cp[0-9]+(?P<flags>[tdmu]*)")
_FLAGS = {"t": "free-threaded", "d": "debug build"}

_PLATFORMS = [
    (re.compile(rf"{pattern}_(?P<machine>[a-z0-9_]+)"), words)
    for pattern, words in [
        ("(?:manylinux(?:1|20[0-9]{2}|_[0-9]+_[0-9]+)|linux)", "Linux {machine}"),
        ("musllinux_[0-9]+_[0-9]+", "Linux (musl) {machine}"),
        ("macosx_(?P<major>[0-9]+)_(?P<minor>[0-9]+)", "macOS {since}+ {machine}"),
        ("ios_(?P<major>[0-9]+)_(?P<minor>[0-9]+)", "iOS {since}+ {machine}"),
        ("android_(?P<major>[0-9]+)", "Android API {since}+ {machine}"),
        ("(?:pyodide|pyemscripten)_[0-9]+_[0-9]+", "Pyodide {machine}"),
        ("emscripten_[0-9]+_[0-9]+_[0-9]+", "Emscripten {machine}"),
    ]
]


def in_words(filename: str) -> str:
    """Say what a published file is for: ``CPython 3.12, Linux x86_64``, or ``Source``."""
    if not filename.endswith(".whl"):
        return "Source"
    parts = filename.removesuffix(".whl").lower().split("-")
    pythons, abis, platforms = (list(dict.fromkeys(part.split("."))) for part in parts[-3:])
    told = [_alternatives(_pythons(pythons, abis))]
    if platforms != ["any"]:
        told.append(_alternatives(_platform(tag) for tag in platforms))
    if len(parts) == 6:
        # Of several builds of the same, installers take the highest.
        told.append(f"build {_cut(parts[2])}")
    return ", ".join(told)


def _pythons(tags: list[str], abis: list[str]) -> list[str]:
    stable = [abi for abi in abis if abi in {"abi3", "abi3t"}]
    readings = [_PYTHON.fullmatch(tag) for tag in tags]
    known = [reading for reading in readings if reading is not None]
    if set(tags) == {"py2", "py3"}:
        return ["any Python 2 or 3"]
    if stable and known:
        # By the stable ABI, what runs with one version runs with later ones: the lowest says it all.
        lowest = min(known, key=_version_of)
        free = " (free-threaded)" if stable == ["abi3t"] else ""
        return [f"{_python(lowest)} and later{free}"]
    flags = {found["flags"] for abi in abis if (found := _CPYTHON_ABI.fullmatch(abi))}
    # Tags are of every combination; a wheel that names several ABIs of one Python is not seen.
    notes = [_FLAGS[flag] for flag in sorted(flags.pop()) if flag in _FLAGS] if len(flags) == 1 else []
    note = f" ({', '.join(notes)})" if notes else ""
    return [
        _cut(tag) if reading is None else _python(reading) + note for tag, reading in zip(tags, readings, strict=True)
    ]


def _python(tag: re.Match[str]) -> str:
    name, major, minor = _INTERPRETERS.get(tag["name"]), tag["major"], tag["minor"]
    if name is None:
        return _cut(tag[0])
    version = f"{major}.{minor}" if minor else major
    if tag["name"] == "py" and minor:
        # PEP 425: py37 is also for every later Python 3.
        return f"Python {version} and later"
    return f"{name} {version}"


def _version_of(tag: re.Match[str]) -> tuple[int, int]:
    return int(tag["major"]), int(tag["minor"] or 0)


def _platform(tag: str) -> str:
    if tag in _WINDOWS:
        return f"Windows {_WINDOWS[tag]}"
    for pattern, words in _PLATFORMS:
        found = pattern.fullmatch(tag)
        if found is not None:
            parts = found.groupdict()
            major, minor = parts.get("major"), parts.get("minor")
            since = f"{major}.{minor}" if minor not in {None, "0"} else major
            return words.format(machine=_cut(parts["machine"]), since=since)
    return _cut(tag)


def _alternatives(words: Iterable[str]) -> str:
    """What is so or so: as many as are read with pleasure, and how many more there are."""
    told = list(dict.fromkeys(words))
    if len(told) > MOST_TOLD:
        told[MOST_TOLD - 1 :] = [f"{len(told) - MOST_TOLD + 1} more"]
    return " or ".join([", ".join(told[:-1]), told[-1]]) if len(told) > 1 else told[0]


def _cut(tag: str) -> str:
    return tag if len(tag) <= LONGEST_TAG else f"{tag[: LONGEST_TAG - 1]}…"
