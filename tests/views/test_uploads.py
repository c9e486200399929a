"""The legacy upload API, through a client; what it stores is asked of the index."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from tests.builders import Built, a_tar, a_wheel, a_zip, an_sdist, core_metadata
from tests.conftest import Publish, basic

UV_ACCEPT = "application/json;q=0.9, text/plain;q=0.8, text/html;q=0.7"


def files_listed(client: Client, project: str = "demo-pkg") -> list[str]:
    response = client.get(f"/simple/{project}/", headers={"accept": "application/vnd.pypi.simple.v1+json"})
    return [file["filename"] for file in response.json()["files"]] if response.status_code == 200 else []


def assert_refused(response: Any, status: int, sentence: str) -> None:
    """The sentence is in the reason phrase (for twine and hatch) and in the body (for the others)."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    body = response.content.decode().strip()
    assert sentence in body
    assert response.reason_phrase == body
    assert "\n" not in body


@pytest.mark.parametrize("address", ["/legacy/", "/legacy", "/simple/", "/simple", "/"])
def test_publishes_at_every_upload_address_without_a_redirect(alice: Client, address: str) -> None:
    response = alice.post(address, a_wheel().upload())
    assert (response.status_code, response.content) == (200, b"")
    assert files_listed(alice) == ["demo_pkg-1.0-py3-none-any.whl"]


def test_publishes_the_bare_form_of_elasticpypi(alice: Client) -> None:
    assert alice.post("/", {"content": an_sdist().as_file()}).status_code == 200
    assert files_listed(alice) == ["demo_pkg-1.0.tar.gz"]


def test_publishes_with_every_field_that_tools_send(alice: Client) -> None:
    wheel = a_wheel()
    digests = wheel.received().digests
    form: dict[str, Any] = wheel.upload(
        name="demo-pkg",
        version="1.0",
        filetype="bdist_wheel",
        pyversion="py3",
        metadata_version="2.3",
        license="UNKNOWN",
        comment="",
        md5_digest=digests["md5"],
        sha256_digest=digests["sha256"].upper(),
        blake2_256_digest=digests["blake2b_256"],
        attestations='[{"version": 1}]',
        provides_extras="x",
        something_new="y",
    )
    form["classifiers"] = [f"Topic :: {number}" for number in range(5000)]
    form["description"] = "A long README. " * 300_000
    # Comes after the file, as a file part of its own.
    form["gpg_signature"] = SimpleUploadedFile(f"{wheel.filename}.asc", b"-----BEGIN PGP SIGNATURE-----")
    assert alice.post("/legacy/", form).status_code == 200
    assert files_listed(alice) == [wheel.filename]
    assert alice.get(f"/packages/demo-pkg/{wheel.filename}").getvalue() == wheel.content


def test_the_same_file_again_is_a_success(alice: Client, publish: Publish) -> None:
    wheel = publish()
    publish(wheel)
    assert files_listed(alice) == [wheel.filename]


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [(UV_ACCEPT, "application/json"), ("*/*", "text/plain; charset=utf-8"), ("text/html", "text/plain; charset=utf-8")],
)
def test_says_that_a_file_exists_in_the_form_that_the_tool_reads(
    alice: Client, publish: Publish, accept: str, content_type: str
) -> None:
    wheel = publish()
    other = a_wheel(files={"more.py": b"#"})
    response = alice.post("/legacy/", other.upload(), headers={"accept": accept})
    assert response.status_code == 400
    assert response["Content-Type"] == content_type
    assert response.reason_phrase.startswith(f"File already exists ('{wheel.filename}'")
    if content_type == "application/json":
        answer = response.json()
        assert answer["code"] == f"400 {response.reason_phrase}"
        assert answer["message"] == response.reason_phrase
        assert answer["title"] == "Bad Request"


def test_overwrites_where_that_is_set(alice: Client, publish: Publish, settings: Settings) -> None:
    publish()
    settings.OVERWRITE = True
    other = publish(a_wheel(files={"more.py": b"#"}))
    response = alice.get(f"/packages/demo-pkg/{other.filename}")
    assert response.getvalue() == other.content
    # No copy of a file that may be replaced is good without asking.
    assert response["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize("wrong", [None, ("alice", "wrong"), ("nobody", "correct horse"), ("alice", "")])
def test_asks_for_credentials(alice: Client, wrong: tuple[str, str] | None) -> None:
    stranger = Client(headers={"authorization": basic(*wrong)} if wrong else {})
    response = stranger.post("/legacy/", a_wheel().upload())
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == 'Basic realm="elastic pypi", charset="UTF-8"'
    assert files_listed(alice) == []


def test_public_reading_does_not_open_publishing(settings: Settings, alice: Client) -> None:
    settings.PUBLIC_READ = True
    assert Client().post("/legacy/", a_wheel().upload()).status_code == 401
    assert files_listed(alice) == []


@pytest.mark.parametrize(
    ("fields", "status", "sentence"),
    [
        ({":action": "submit"}, 410, "'submit' is no longer served"),
        ({":action": "doc_upload"}, 410, "'doc_upload' is no longer served"),
        ({":action": "dance"}, 400, "Unknown action 'dance'"),
        ({"protocol_version": "2"}, 400, "Unknown protocol version '2'"),
        ({"filetype": "bdist_egg"}, 400, "'bdist_egg' is an invalid value for filetype"),
        ({"filetype": "sdist"}, 400, "is not of the filetype 'sdist'"),
        ({"sha256_digest": "abc"}, 400, "'abc' is an invalid value for sha256_digest"),
        ({"sha256_digest": "0" * 64}, 400, "The digest supplied does not match"),
        ({"blake2_256_digest": "0" * 64}, 400, "The digest supplied does not match"),
        ({"md5_digest": "0" * 32}, 400, "The digest supplied does not match"),
        ({"name": "another"}, 400, "'another' is not the name in the file's metadata, 'demo-pkg'"),
        ({"version": "2.0"}, 400, "'2.0' is not the version in the file's metadata, '1.0'"),
        ({"version": "two"}, 400, "'two' is an invalid value for version"),
    ],
)
def test_refuses_a_form_that_disagrees(alice: Client, fields: dict[str, str], status: int, sentence: str) -> None:
    assert_refused(alice.post("/legacy/", a_wheel().upload(**fields)), status, sentence)
    assert files_listed(alice) == []


WHEEL = a_wheel()
SDIST = an_sdist()


@pytest.mark.parametrize(
    ("filename", "content", "sentence"),
    [
        ("demo_pkg-1.0-py3.11.egg", WHEEL.content, "Eggs are no longer installable"),
        ("demo_pkg-1.0.exe", WHEEL.content, "Windows installers are not installable"),
        ("demo_pkg-1.0.tar.bz2", SDIST.content, "has an unknown extension"),
        ("readme.txt", b"hello", "has an unknown extension"),
        ("demo_pkg-1.0.whl", WHEEL.content, "Invalid wheel filename"),
        ("another-1.0-py3-none-any.whl", WHEEL.content, "directory of another project, demo_pkg-1.0.dist-info"),
        ("demo_pkg-2.0-py3-none-any.whl", WHEEL.content, "names version '2.0'"),
        ("another-1.0.tar.gz", SDIST.content, "does not match its metadata"),
        ("demo_pkg-1.0-py3-none-any.whl", b"", "is not a valid zip archive"),
        ("demo_pkg-1.0-py3-none-any.whl", WHEEL.content[:-30], "is not a valid zip archive"),
        ("demo_pkg-1.0.tar.gz", SDIST.content[:-30], "is not a valid gzipped tar archive"),
        ("demo_pkg-1.0.tar.gz", WHEEL.content, "is not a valid gzipped tar archive"),
        ("demo_pkg-1.0-py3-none-any.whl", SDIST.content, "is not a valid zip archive"),
        ("demo_pkg-1.0-py3-none-any.whl", a_zip({"a": b""}), "exactly one .dist-info directory"),
        ("demo_pkg-1.0.tar.gz", a_tar({"demo_pkg-1.0/a": b""}), "required file demo_pkg-1.0/PKG-INFO"),
        ("démo-1.0.tar.gz", SDIST.content, "is invalid: only letters"),
        ("demo pkg-1.0.tar.gz", SDIST.content, "is invalid: only letters"),
        ("a" * 250 + "-1.0.tar.gz", SDIST.content, "is longer than"),
    ],
)
def test_refuses_what_is_no_distribution(alice: Client, filename: str, content: bytes, sentence: str) -> None:
    built = Built(filename, content, b"")
    assert_refused(alice.post("/legacy/", built.upload()), 400, sentence)


def test_refuses_metadata_that_installers_cannot_use(alice: Client) -> None:
    broken = a_wheel(metadata=core_metadata("demo-pkg", "1.0", requires_dist="requests (=2"))
    assert_refused(alice.post("/legacy/", broken.upload()), 400, "Requires-Dist 'requests (=2' is not a valid")


def test_takes_an_old_sdist_whose_requirements_pip_does_not_read(alice: Client) -> None:
    old = an_sdist(metadata=core_metadata("demo-pkg", "1.0", metadata_version="1.2", requires_dist="requests (=2"))
    assert alice.post("/legacy/", old.upload()).status_code == 200
    new = an_sdist(
        version="2.0", metadata=core_metadata("demo-pkg", "2.0", metadata_version="2.2", requires_dist="requests (=2")
    )
    assert_refused(alice.post("/legacy/", new.upload()), 400, "is not a valid requirement")


def test_refuses_a_requires_python_that_would_fill_the_page(alice: Client) -> None:
    long = a_wheel(requires_python=", ".join(["!=3.0"] * 200))
    assert_refused(alice.post("/legacy/", long.upload()), 400, "Requires-Python is longer than 1000 characters")


def test_a_path_in_a_filename_leads_nowhere(alice: Client) -> None:
    wheel = a_wheel()
    traversal = Built(f"../../../tmp/{wheel.filename}", wheel.content, wheel.metadata)
    assert alice.post("/legacy/", traversal.upload()).status_code == 200
    assert files_listed(alice) == [wheel.filename]


def test_refuses_a_file_that_is_too_large(alice: Client, settings: Settings) -> None:
    wheel = a_wheel(files={"noise.bin": bytes(range(256)) * 1000})
    settings.MAX_UPLOAD_SIZE = len(wheel.content) - 1
    assert_refused(alice.post("/legacy/", wheel.upload()), 413, "File too large. The limit of this index is")
    settings.MAX_UPLOAD_SIZE = len(wheel.content)
    assert alice.post("/legacy/", wheel.upload()).status_code == 200


@pytest.mark.parametrize("action", ["submit", "submit_pkg_info"])
def test_refuses_a_registration_which_has_no_file(alice: Client, action: str) -> None:
    response = alice.post("/legacy/", {":action": action, "name": "demo", "version": "1.0"})
    assert_refused(response, 410, f"The action '{action}' is no longer served")


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({":action": "file_upload", "name": "demo"}, "Upload payload does not have a file"),
        ({"content": "text, not a file"}, "Upload payload does not have a file"),
        ({"content": [WHEEL.as_file(), SDIST.as_file()]}, "more than one file"),
    ],
)
def test_refuses_a_form_without_its_one_file(alice: Client, form: dict[str, Any], sentence: str) -> None:
    assert_refused(alice.post("/legacy/", form), 400, sentence)


@pytest.mark.parametrize(
    ("content_type", "body", "sentence"),
    [
        ("application/octet-stream", WHEEL.content, "as multipart/form-data"),
        ("application/x-www-form-urlencoded", b"a=b", "as multipart/form-data"),
        ("", b"", "as multipart/form-data"),
        ("multipart/form-data", b"x", "The upload's form cannot be read: Invalid boundary"),
        ("multipart/form-data; boundary=abc", b"--abc\r\ngarbage", "does not have a file"),
        (
            "multipart/form-data; boundary=abc; charset=rot13",
            b'--abc\r\nContent-Disposition: form-data; name="name"\r\n\r\ndemo\r\n--abc--\r\n',
            "The upload's form cannot be read: 'rot13' is not a text encoding",
        ),
    ],
)
def test_refuses_a_body_that_is_no_form(alice: Client, content_type: str, body: bytes, sentence: str) -> None:
    assert_refused(alice.generic("POST", "/legacy/", body, content_type=content_type), 400, sentence)


def test_reads_the_whole_body_before_it_refuses(home: str) -> None:
    request_body = SimpleUploadedFile("body", b"x" * 300_000)
    response = Client().generic("POST", "/legacy/", request_body.read(), content_type="multipart/form-data; boundary=a")
    assert response.status_code == 401
    # Nothing is left unread for the connection's next request.
    assert response.wsgi_request.read() == b""


def test_explains_itself_to_a_browser(alice: Client) -> None:
    response = alice.get("/legacy/")
    assert response.status_code == 405
    assert response["Allow"] == "POST"
    assert b"twine, uv and other publishing tools POST to it" in response.content


@pytest.mark.parametrize("method", ["put", "delete", "patch", "options"])
def test_refuses_other_methods(alice: Client, method: str) -> None:
    assert getattr(alice, method)("/legacy/").status_code == 405
