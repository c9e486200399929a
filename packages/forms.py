"""Shapes of input: the fields of the legacy upload API.

Source: warehouse's ``POST /legacy/`` and what twine, uv, poetry, pdm, hatch and flit send there.
The form only cross-checks; name, version and metadata come from the archive.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from packaging.utils import canonicalize_name

from packages.distributions import normalized_or_none, packagetype_of, version_or_none
from packages.errors import InvalidDistribution, InvalidUpload, RetiredAction
from packages.metadata import CoreMetadata, given
from packages.publishing import Announced, Received

UPLOAD_ACTION = "file_upload"
_RETIRED_ACTIONS = {"submit", "submit_pkg_info", "doc_upload"}
_FILETYPES = {"sdist", "bdist_wheel"}
# Form field, the digest's name, and how many hex digits it has.
_DIGESTS = (("md5_digest", "md5", 32), ("sha256_digest", "sha256", 64), ("blake2_256_digest", "blake2b_256", 64))


@dataclass(frozen=True, kw_only=True)
class UploadForm:
    """What an upload says of its file; every part may be missing, as in the bare ``curl -F content=@…``."""

    name: str
    version: str
    filetype: str
    digests: Mapping[str, str]

    def check_file(self, received: Received) -> None:
        """Compare with the file as it arrived. Raises InvalidUpload."""
        for name, claimed in self.digests.items():
            if received.digests.get(name, claimed) != claimed:
                raise InvalidUpload(
                    f"The digest supplied does not match a digest calculated from the uploaded file: "
                    f"{name} of {received.filename} is {received.digests[name]}, not {claimed}."
                )
        self.check_filetype(received.filename)

    def check_filetype(self, filename: str) -> None:
        """Compare with what the filename says. Raises InvalidUpload or InvalidDistribution."""
        if self.filetype and self.filetype != packagetype_of(filename):
            raise InvalidUpload(f"File {filename!a} is not of the filetype {self.filetype!a} that was sent.")

    def check_metadata(self, metadata: CoreMetadata) -> None:
        """Compare with the metadata inside the file. Raises InvalidDistribution."""
        if self.name and canonicalize_name(self.name) != metadata.name:
            raise InvalidDistribution(
                f"The upload's name {self.name!a} is not the name in the file's metadata, {metadata.display_name!a}."
            )
        if self.version:
            version = version_or_none(self.version)
            if version is None:
                raise InvalidUpload(f"{self.version!a} is an invalid value for version (PEP 440).")
            if version != metadata.version:
                raise InvalidDistribution(
                    f"The upload's version {self.version!a} is not the version in the file's metadata, "
                    f"'{metadata.version}'."
                )


def read_announcement(fields: Mapping[str, str]) -> tuple[UploadForm, Announced]:
    """Check a form that stands for a file which is to come by itself. Raises what ``read_upload_form`` raises."""
    form = read_upload_form(fields)
    filename, size = fields.get("filename", "").strip(), fields.get("size", "").strip()
    project, version = normalized_or_none(form.name), version_or_none(form.version)
    for what, value in (("filename", filename), ("name", form.name), ("version", form.version)):
        if not value:
            raise InvalidUpload(f"The field {what!r} is missing: it announces the file that is to come.")
    if "sha256" not in form.digests:
        raise InvalidUpload("The field 'sha256_digest' is missing: storage takes only bytes that have this digest.")
    if project is None:
        raise InvalidUpload(f"{form.name!a} is an invalid value for name.")
    if version is None:
        raise InvalidUpload(f"{form.version!a} is an invalid value for version (PEP 440).")
    if not re.fullmatch(r"[0-9]{0,18}", size):
        raise InvalidUpload(f"{size!a} is an invalid value for size: use the number of the file's bytes.")
    form.check_filetype(filename)
    announced = Announced(
        project=project,
        version=version,
        filename=filename,
        sha256=form.digests["sha256"],
        size=int(size) if size else None,
    )
    return form, announced


def read_upload_form(fields: Mapping[str, str]) -> UploadForm:
    """Check the form's own fields; unknown ones are ignored. Raises InvalidUpload or RetiredAction."""
    action = fields.get(":action", UPLOAD_ACTION)
    if action in _RETIRED_ACTIONS:
        raise RetiredAction(f"The action {action!a} is no longer served: only {UPLOAD_ACTION!a} is.")
    if action != UPLOAD_ACTION:
        raise InvalidUpload(f"Unknown action {action!a}: only {UPLOAD_ACTION!a} is served.")
    if fields.get("protocol_version", "") not in {"", "1"}:
        raise InvalidUpload(f"Unknown protocol version {fields['protocol_version']!a}: only '1' is served.")
    filetype = given(fields.get("filetype")).strip()
    if filetype and filetype not in _FILETYPES:
        raise InvalidUpload(f"{filetype!a} is an invalid value for filetype: use 'sdist' or 'bdist_wheel'.")
    digests = {}
    for field, digest, length in _DIGESTS:
        value = given(fields.get(field)).strip().lower()
        if value and not re.fullmatch(f"[0-9a-f]{{{length}}}", value):
            raise InvalidUpload(f"{value!a} is an invalid value for {field}: use {length} hex digits.")
        if value:
            digests[digest] = value
    return UploadForm(
        name=given(fields.get("name")).strip(),
        version=given(fields.get("version")).strip(),
        filetype=filetype,
        digests=digests,
    )
