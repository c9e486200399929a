"""Settings for tests: the product's own, on an environment that owes nothing to the developer's shell."""

import os
import tempfile

for name in (
    "ACCOUNTS",
    "AWS_ENDPOINT_URL",
    "AWS_PROFILE",
    "BUCKET",
    "HOST",
    "MAX_UPLOAD_SIZE",
    "OVERWRITE",
    "PASSWORD",
    "PORT",
    "PUBLIC_READ",
    "README_IMAGES",
    "SERVICE",
    "STAGE",
    "STREAM_LIMIT",
    "TABLE",
    "TRUSTED_PUBLISHING",
    "TRUSTED_PROXIES",
    "TRUSTED_ISSUERS",
    "RESTORE_DAYS",
    "OIDC_AUDIENCE",
    "CREATE_PROJECTS",
    "USERS",
):
    os.environ.pop(name, None)

os.environ.update(
    {
        "DATA_DIR": tempfile.gettempdir(),
        "SECRET_KEY": "only for tests, and long enough to be accepted",
        "ALLOWED_HOSTS": "testserver,.example.org",
        "USERS": "alice:correct horse,bob:with:colon",
        # Nothing may look for a real account: these strings open none.
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_SESSION_TOKEN": "testing",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
)

from pypi_project.settings import *  # noqa: E402, F403
