"""What a read of the Simple API imports in a fresh process: a cold start on Lambda waits for all of it."""

import json
import subprocess
import sys

import pytest

from benchmarks.cold_start import JSON, environment, stand_in

# Asks for a page as Zappa does, then says which modules are there.
READ = """
import io, json, sys
from pypi_project.wsgi import application
environ = {
    "REQUEST_METHOD": "GET", "PATH_INFO": sys.argv[1], "SERVER_NAME": "localhost", "SERVER_PORT": "80",
    "HTTP_HOST": "localhost", "HTTP_ACCEPT": sys.argv[2], "wsgi.input": io.BytesIO(),
    "HTTP_AUTHORIZATION": "Basic YmVuY2g6c2VjcmV0",
}
statuses = []
b"".join(application(environ, lambda status, headers: statuses.append(status)))
print(json.dumps([statuses[0], sorted(sys.modules)]))
"""

# Rooms and libraries that only writing, downloading or people's pages need.
ELSEWHERE = {
    "cryptography",
    "jwt",
    "packages.trusted",
    "boto3",
    "jsonschema",
    "s3transfer",
    "storages",
    "readme_renderer",
    "docutils",
    "nh3",
    "pygments",
    "packages.details",
    "packages.readmes",
    "tarfile",
    "packages.api",
    "packages.archives",
    "packages.forms",
    "packages.metadata",
    "packages.publishing",
    "packages.receiving",
    "packages.storage",
    "packages.storage.bucket",
    "packages.store.sqlite",
    "packages.tickets",
    "packages.views.api",
    "packages.views.direct",
    "packages.views.files",
    "packages.views.uploads",
    "waitress",
}


@pytest.mark.parametrize("path", ["/simple/demo-pkg/", "/simple/"])
@pytest.mark.parametrize("accept", [JSON, "text/html"])
def test_a_read_imports_nothing_that_it_does_not_need(path: str, accept: str) -> None:
    with stand_in() as endpoint:
        done = subprocess.run(
            [sys.executable, "-c", READ, path, accept],
            env=environment(endpoint, "JSON"),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    status, modules = json.loads(done.stdout)
    assert status == "200 OK"
    assert "packages.store.dynamodb" in modules
    assert set(modules) & ELSEWHERE == set()
