"""The JSON API of PyPI's older days, which mirrors and updaters still read: the values of its answers.

Source: docs.pypi.org's "JSON API" and warehouse's ``legacy/api/json.py``.
"""

from collections.abc import Iterable
from typing import Any

from packages.distributions import SDIST, WHEEL, DistributionFile
from packages.metadata import CoreMetadata, given
from packages.simple_api import UrlFor, advertised_metadata

_NO_DOWNLOAD_COUNT = -1


def release_info(metadata: CoreMetadata, files: Iterable[DistributionFile], *, project_url: str) -> dict[str, Any]:
    """The ``info`` of a release: the core metadata of one of its files."""
    raw = metadata.raw
    files = list(files)
    yanked = bool(files) and all(file.yanked for file in files)
    return {
        "author": given(raw.get("author")),
        "author_email": given(raw.get("author_email")),
        "bugtrack_url": None,
        "classifiers": raw.get("classifiers", []),
        "description": given(raw.get("description")),
        "description_content_type": raw.get("description_content_type"),
        "docs_url": None,
        "download_url": given(raw.get("download_url")),
        "downloads": {
            "last_day": _NO_DOWNLOAD_COUNT,
            "last_month": _NO_DOWNLOAD_COUNT,
            "last_week": _NO_DOWNLOAD_COUNT,
        },
        "dynamic": raw.get("dynamic"),
        "home_page": given(raw.get("home_page")),
        "keywords": given(",".join(raw.get("keywords", []))),
        "license": given(raw.get("license")),
        "license_expression": raw.get("license_expression"),
        "license_files": raw.get("license_files"),
        "maintainer": given(raw.get("maintainer")),
        "maintainer_email": given(raw.get("maintainer_email")),
        "name": metadata.display_name,
        "package_url": project_url,
        "platform": given(",".join(raw.get("platforms", []))),
        "project_url": project_url,
        "project_urls": raw.get("project_urls"),
        "provides_extra": raw.get("provides_extra"),
        "release_url": project_url,
        "requires_dist": raw.get("requires_dist"),
        "requires_python": metadata.requires_python,
        "summary": metadata.summary,
        "version": str(metadata.version),
        "yanked": yanked,
        "yanked_reason": next((file.yanked_reason for file in files if file.yanked_reason), None) if yanked else None,
    }


def file_info(file: DistributionFile, url: str) -> dict[str, Any]:
    """One file of a release. Digests that the index does not know are left out."""
    digests = {"md5": file.md5, "sha256": file.sha256, "blake2b_256": file.blake2b_256}
    uploaded = file.upload_time.replace(tzinfo=None)
    return {
        "comment_text": "",
        "core-metadata": advertised_metadata(file),
        "digests": {name: digest for name, digest in digests.items() if digest},
        "downloads": _NO_DOWNLOAD_COUNT,
        "filename": file.filename,
        "has_sig": False,
        "md5_digest": file.md5,
        "packagetype": file.packagetype,
        "python_version": file.python_version,
        "requires_python": file.requires_python,
        "size": file.size,
        "upload_time": uploaded.isoformat(timespec="seconds"),
        "upload_time_iso_8601": f"{uploaded.isoformat(timespec='microseconds')}Z",
        "url": url,
        "yanked": file.yanked,
        "yanked_reason": file.yanked_reason or None,
    }


def release_files(files: Iterable[DistributionFile], url_for: UrlFor) -> dict[str, list[dict[str, Any]]]:
    """Every file by its release's version."""
    releases: dict[str, list[dict[str, Any]]] = {}
    for file in files:
        releases.setdefault(file.version, []).append(file_info(file, url_for(file)))
    return releases


def metadata_source(files: Iterable[DistributionFile]) -> DistributionFile | None:
    """Whose metadata speaks for a release: a wheel's is final, an sdist's may change when it is built."""
    return min(files, key=lambda file: ((WHEEL, SDIST).index(file.packagetype), file.filename), default=None)
