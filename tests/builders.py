"""Builders of real, tiny wheels and sdists (the same bytes each time), and of values."""

import base64
import gzip
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.core.files.uploadedfile import SimpleUploadedFile
from packaging.utils import canonicalize_name

from packages.distributions import DistributionFile

if TYPE_CHECKING:
    from packages.journal import Origin
    from packages.publishing import Received

# The earliest moment that a ZIP archive can name.
PINNED = (1980, 1, 1, 0, 0, 0)
NOON = datetime(2026, 11, 23, 12, 0, 0, 250000, tzinfo=UTC)


@dataclass(frozen=True)
class Built:
    """A distribution file as a build tool leaves it."""

    filename: str
    content: bytes
    metadata: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    def upload(self, **fields: str) -> dict[str, Any]:
        """The form that a publishing tool sends, with fields added or replaced."""
        return {":action": "file_upload", "protocol_version": "1", **fields, "content": self.as_file()}

    def as_file(self) -> SimpleUploadedFile:
        return SimpleUploadedFile(self.filename, self.content, content_type="application/octet-stream")

    def received(self) -> "Received":
        """The file as it arrives at ``publish``."""
        # Only here is Django needed: the benchmarks build archives without it.
        from packages.publishing import Received

        digests = {
            "md5": hashlib.md5(self.content, usedforsecurity=False).hexdigest(),
            "sha256": self.sha256,
            "blake2b_256": hashlib.blake2b(self.content, digest_size=32).hexdigest(),
        }
        return Received(filename=self.filename, content=self.as_file(), size=len(self.content), digests=digests)


def core_metadata(name: str, version: str, *, metadata_version: str = "2.1", body: str = "", **fields: Any) -> bytes:
    """A METADATA file; a field's underscores become hyphens, a list repeats the field."""
    lines = [f"Metadata-Version: {metadata_version}", f"Name: {name}", f"Version: {version}"]
    for field, value in fields.items():
        for one in value if isinstance(value, list) else [value]:
            lines.append(f"{field.replace('_', '-').title()}: {one}")
    return ("\n".join(lines) + "\n\n" + body).encode()


def a_wheel(
    name: str = "demo-pkg",
    version: str = "1.0",
    *,
    tag: str = "py3-none-any",
    filename: str | None = None,
    metadata: bytes | None = None,
    files: Mapping[str, bytes] | None = None,
    leave_out: tuple[str, ...] = (),
    **fields: Any,
) -> Built:
    """A wheel with one module, a correct RECORD and the metadata of the fields."""
    stem = canonicalize_name(name).replace("-", "_")
    metadata = core_metadata(name, version, **fields) if metadata is None else metadata
    dist_info = f"{stem}-{version}.dist-info"
    members = {
        f"{stem}.py": f"__version__ = {version!r}\n".encode(),
        **(files or {}),
        f"{dist_info}/METADATA": metadata,
        f"{dist_info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: {tag}\n".encode(),
    }
    record = [f"{path},sha256={_record_hash(content)},{len(content)}" for path, content in members.items()]
    members[f"{dist_info}/RECORD"] = "\n".join([*record, f"{dist_info}/RECORD,,", ""]).encode()
    kept = {path: content for path, content in members.items() if path.rpartition("/")[2] not in leave_out}
    return Built(filename or f"{stem}-{version}-{tag}.whl", a_zip(kept), metadata)


def an_sdist(
    name: str = "demo-pkg",
    version: str = "1.0",
    *,
    extension: str = ".tar.gz",
    filename: str | None = None,
    metadata: bytes | None = None,
    files: Mapping[str, bytes] | None = None,
    **fields: Any,
) -> Built:
    """An sdist with a pyproject.toml, one module and a PKG-INFO of the fields."""
    stem = canonicalize_name(name).replace("-", "_")
    top = f"{stem}-{version}"
    metadata = core_metadata(name, version, **fields) if metadata is None else metadata
    build_system = b'[build-system]\nrequires = ["flit_core"]\nbuild-backend = "flit_core.buildapi"\n'
    members = {
        f"{top}/PKG-INFO": metadata,
        f"{top}/pyproject.toml": build_system,
        f"{top}/{stem}.py": b"",
        **(files or {}),
    }
    content = a_zip(members) if extension == ".zip" else a_tar(members)
    return Built(filename or f"{top}{extension}", content, metadata)


def a_zip(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in members.items():
            archive.writestr(zipfile.ZipInfo(path, PINNED), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def a_tar(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as packed, tarfile.open(fileobj=packed, mode="w") as archive:
        for path, content in members.items():
            member = tarfile.TarInfo(path)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def a_file(**changes: Any) -> DistributionFile:
    """A published distribution file."""
    values: dict[str, Any] = {
        "project": canonicalize_name("demo-pkg"),
        "filename": "demo_pkg-1.0-py3-none-any.whl",
        "version": "1.0",
        "packagetype": "bdist_wheel",
        "size": 1234,
        "sha256": "a" * 64,
        "metadata_sha256": "b" * 64,
        "upload_time": NOON,
        "uploader": "alice",
        "key": "files/demo-pkg/aaaa/demo_pkg-1.0-py3-none-any.whl",
    }
    return DistributionFile(**{**values, **changes})


def an_origin(name: str = "alice", role: str = "admin", *, time: datetime = NOON, **changes: Any) -> "Origin":
    """Whom a change comes from: an account with its password, unless changed."""
    from packages.access import Actor, Role
    from packages.journal import Origin

    where = {"address": "192.0.2.1", "agent": "tests/1.0"}
    return Origin(actor=Actor(**{"name": name, "role": Role(role), **changes}), time=time, **where)


def _record_hash(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
