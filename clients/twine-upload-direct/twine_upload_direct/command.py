"""The command: its arguments, what it refuses before it sends anything, and how it fails."""

import argparse
import tarfile
import zipfile
import zlib
from collections.abc import Sequence
from typing import cast

import requests
from twine import commands, exceptions, utils
from twine.commands.upload import upload
from twine.settings import Settings

from twine_upload_direct.answers import UploadFailed, cause_of
from twine_upload_direct.repository import DirectRepository

DESCRIPTION = """\
Upload distribution files of any size. A small file is sent as `twine upload` sends it; the bytes of a large one go
straight to the index's storage, past the gateway that would not let them through.
"""
EPILOG = """\
Differences from `twine upload`: --attestations and --sign are refused, because a direct upload carries neither;
--skip-existing works with any index that says "File already exists".
"""


class DirectSettings(Settings):
    """twine's settings, for a repository that takes large files directly."""

    def verify_feature_capability(self) -> None:
        """Refuse what a direct upload cannot carry.

        ``--skip-existing`` is not refused, as twine would outside PyPI: the indexes that this
        command is for say of a taken filename what twine looks for.
        """
        asked_for = [name for name, wanted in [("--attestations", self.attestations), ("--sign", self.sign)] if wanted]
        if asked_for:
            raise exceptions.InvalidConfiguration(
                f"Attestations and signatures cannot travel with a direct upload: leave out {' and '.join(asked_for)}, "
                "or use twine upload for files that are small enough."
            )

    def create_repository(self) -> DirectRepository:
        """Give the repository that the settings name."""
        repository = DirectRepository(
            cast("str", self.repository_config["repository"]),
            self.username,
            self.password,
            self.disable_progress_bar,
        )
        repository.set_certificate_authority(self.cacert)
        repository.set_client_certificate(self.client_cert)
        return repository


def main(args: list[str]) -> None:
    """Run ``twine upload-direct``; twine prints what is raised, and makes it the exit code."""
    parser = argparse.ArgumentParser(prog="twine upload-direct", description=DESCRIPTION, epilog=EPILOG)
    Settings.register_argparse_arguments(parser)
    parser.add_argument(
        "dists",
        nargs="+",
        metavar="dist",
        help="The distribution files to upload to the repository (package index). Usually dist/* .",
    )
    parsed = parser.parse_args(args)
    settings = DirectSettings.from_argparse(parsed)
    # Asked here, because twine 6.1 does not.
    settings.verify_feature_capability()
    try:
        _refuse_broken_archives(parsed.dists)
        upload(settings, parsed.dists)
    except KeyboardInterrupt as error:
        raise UploadFailed(
            "Interrupted. Run the same command again: what is there already is not sent twice."
        ) from error
    except requests.HTTPError:
        raise
    except requests.RequestException as error:
        url = utils.sanitize_url(cast("str", settings.repository_config["repository"]))
        raise UploadFailed(f"The request to {url} failed: {cause_of(error)}") from error
    except OSError as error:
        # A file of the user's that cannot be read: a distribution, or a certificate.
        raise UploadFailed(str(error)) from error
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error) as error:
        raise exceptions.InvalidDistribution(f"A distribution file is damaged: {error}") from error


def _refuse_broken_archives(dists: Sequence[str]) -> None:
    """Name the file that is no archive at all, where twine would show a traceback without its name."""
    for path in commands._find_dists(list(dists)):
        if path.endswith((".whl", ".zip", ".tar.gz")):
            with open(path, "rb") as file:
                intact = tarfile.is_tarfile(file) if path.endswith(".tar.gz") else zipfile.is_zipfile(file)
            if not intact:
                raise exceptions.InvalidDistribution(f"{path} is not the archive that its name says.")
