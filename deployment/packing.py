"""The zip that Lambda runs: made by Zappa, and looked into before it goes anywhere."""

import importlib.util
import re
from zipfile import ZipFile, ZipInfo

from deployment.commands import Failed
from deployment.environment import SOURCE, source_of
from deployment.stage import Stage
from deployment.zappa import zappa

MEGABYTE = 1_000_000
LARGEST_ZIP = 20 * MEGABYTE

# Without these the index would not start, or only after a while of compiling.
NEEDED = (
    *("manage.py", "packages/models/base.py", "pypi_project/settings.py", "zappa/handler.py", "zappa_settings.py"),
    *("botocore/data/endpoints.json", "django/conf/locale/__init__.py"),
    *("docutils/writers/html5_polyglot/__init__.py", "pygments/lexers/python.py"),
)
# Where secrets lie on a machine that serves the index itself, or deploys it.
_SECRETS = ("secret-key", "index.sqlite3", ".key", ".netrc", ".pypirc", ".env", "credentials")
_NATIVE = (".so", ".pyd", ".dylib")
# The compiled code of environment.COMPILED.
_COMPILED = {"_cffi_backend", "comrak/comrak", "cryptography/hazmat/bindings/_rust", "nh3/nh3", "rpds/rpds"}
_LAMBDAS = re.compile(rf"({'|'.join(sorted(_COMPILED))})\.[\w.-]+")
# The head of a 64-bit little-endian ELF file, and, 12 bytes on, the number of the x86-64 architecture.
_ELF, _X86_64 = b"\x7fELF\x02\x01", (62).to_bytes(2, "little")

# The head of compiled Python: its magic number, and the flags of PEP 552.
UNCHECKED_HASH = importlib.util.MAGIC_NUMBER + (0b01).to_bytes(4, "little")


def pack(stage: Stage) -> str:
    """Make the zip; gives a line about it. Raises Failed if it is not what it should be."""
    stage.zip.unlink(missing_ok=True)
    zappa(
        stage, "package", "--output", stage.zip, "--disable_progress", settings=stage.settings, folder=source_of(stage)
    )
    with ZipFile(stage.zip) as archive:
        check(archive, size=stage.zip.stat().st_size)
        entries = archive.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    return (
        f"{stage.zip.stat().st_size / MEGABYTE:.1f} MB, {unpacked / MEGABYTE:.0f} MB unpacked, {len(entries):,} files"
    )


def check(archive: ZipFile, *, size: int) -> None:
    """Refuse a zip that is too large, holds what it must not, or lacks what it needs. Raises Failed."""
    entries = archive.infolist()
    names = {entry.filename for entry in entries}
    if size > LARGEST_ZIP:
        raise Failed(
            f"The zip has {size / MEGABYTE:.1f} MB; the limit is {LARGEST_ZIP / MEGABYTE:.0f}.", _largest(entries)
        )
    if missing := [name for name in NEEDED if name not in names]:
        raise Failed(f"The zip lacks {', '.join(missing)}; look at exclude and exclude_glob in zappa_settings.json.")
    if unwanted := [name for name in names if name.startswith("data/") or name.endswith(_SECRETS)]:
        raise Failed(f"The zip holds {', '.join(sorted(unwanted))}, which must not leave this machine.")
    if native := [name for name in names if name.endswith(_NATIVE) and not _runs_on_lambda(archive, name)]:
        raise Failed(f"The zip holds {', '.join(sorted(native))}, built for this machine; Lambda's may be another.")
    found = {match[1] for name in names if (match := _LAMBDAS.fullmatch(name))}
    if lacking := _COMPILED - found:
        raise Failed(f"The zip lacks {', '.join(sorted(lacking))}, compiled; look at exclude in zappa_settings.json.")
    compiled = [entry for entry in entries if entry.filename.endswith(".pyc")]
    if stale := [entry.filename for entry in compiled if not _runs_as_it_is(archive, entry)]:
        raise Failed(f"{len(stale)} compiled modules would be compiled again at every start, as {stale[0]}.")
    if not any(entry.filename.startswith(f"{SOURCE[1]}/") for entry in compiled):
        raise Failed("Nothing in the zip is compiled.")


def _runs_on_lambda(archive: ZipFile, name: str) -> bool:
    if not _LAMBDAS.fullmatch(name):
        return False
    with archive.open(name) as content:
        head = content.read(20)
    return head.startswith(_ELF) and head[18:20] == _X86_64


def _runs_as_it_is(archive: ZipFile, entry: ZipInfo) -> bool:
    with archive.open(entry) as content:
        return content.read(len(UNCHECKED_HASH)) == UNCHECKED_HASH


def _largest(entries: list[ZipInfo], count: int = 10) -> str:
    """The packages that take most of the zip."""
    sizes: dict[str, int] = {}
    for entry in entries:
        top = entry.filename.split("/")[0]
        sizes[top] = sizes.get(top, 0) + entry.compress_size
    largest = sorted(sizes.items(), key=lambda item: -item[1])[:count]
    return "\n".join(f"{size / MEGABYTE:6.1f} MB  {name}" for name, size in largest)
