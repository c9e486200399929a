"""The fields of an upload, and what they are compared with."""

from typing import Any

import pytest

from packages.errors import InvalidDistribution, InvalidUpload, PackagesError, RetiredAction
from packages.forms import UploadForm, read_upload_form
from packages.metadata import parse_metadata
from tests.builders import Built, a_wheel, an_sdist, core_metadata

LONG_NUMBER = "1" * 5000


@pytest.mark.parametrize(
    ("fields", "form"),
    [
        pytest.param({}, {}, id="curl -F content=@file"),
        ({":action": "file_upload", "protocol_version": "1"}, {}),
        ({"protocol_version": ""}, {}),
        ({"name": " Demo.Pkg ", "version": "1.0\n"}, {"name": "Demo.Pkg", "version": "1.0"}),
        ({"name": "UNKNOWN", "version": "UNKNOWN", "filetype": "UNKNOWN"}, {}),
        ({"filetype": "sdist"}, {"filetype": "sdist"}),
        ({"filetype": "bdist_wheel", "pyversion": "py3"}, {"filetype": "bdist_wheel"}),
        ({"md5_digest": "A" * 32}, {"digests": {"md5": "a" * 32}}),
        ({"sha256_digest": f" {'0f' * 32} "}, {"digests": {"sha256": "0f" * 32}}),
        ({"blake2_256_digest": "e" * 64}, {"digests": {"blake2b_256": "e" * 64}}),
        ({"md5_digest": "", "sha256_digest": "UNKNOWN", "blake2_256_digest": " "}, {}),
        pytest.param(
            {"metadata_version": "9.9", "requires_dist": "((", "gpg_signature": "x", "attestations": "[]"},
            {},
            id="what the archive says itself is not asked",
        ),
    ],
)
def test_reads_what_publishing_tools_send(fields: dict[str, str], form: dict[str, Any]) -> None:
    empty = {"name": "", "version": "", "filetype": "", "digests": {}}
    assert read_upload_form(fields) == UploadForm(**{**empty, **form})


@pytest.mark.parametrize(
    ("fields", "kind", "sentence"),
    [
        ({":action": "submit"}, RetiredAction, "'submit' is no longer served: only 'file_upload' is"),
        ({":action": "submit_pkg_info"}, RetiredAction, "'submit_pkg_info' is no longer served"),
        ({":action": "doc_upload"}, RetiredAction, "'doc_upload' is no longer served"),
        pytest.param({":action": ""}, InvalidUpload, "Unknown action ''", id="empty action"),
        pytest.param({":action": "FILE_UPLOAD"}, InvalidUpload, "Unknown action", id="action in upper case"),
        pytest.param({":action": "x\r\ny"}, InvalidUpload, r"Unknown action 'x\\r\\ny'", id="action of two lines"),
        pytest.param({"protocol_version": "2"}, InvalidUpload, "Unknown protocol version '2'", id="protocol 2"),
        pytest.param({"protocol_version": "1.0"}, InvalidUpload, "Unknown protocol version", id="protocol 1.0"),
        pytest.param(
            {"filetype": "bdist_egg"}, InvalidUpload, "'bdist_egg' is an invalid value for filetype", id="egg"
        ),
        pytest.param({"filetype": "wheel"}, InvalidUpload, "use 'sdist' or 'bdist_wheel'", id="not its word"),
        pytest.param({"md5_digest": "a" * 31}, InvalidUpload, "md5_digest: use 32 hex digits", id="short md5"),
        pytest.param({"sha256_digest": "a" * 65}, InvalidUpload, "sha256_digest: use 64 hex", id="long sha256"),
        pytest.param({"sha256_digest": "g" * 64}, InvalidUpload, "sha256_digest: use 64 hex", id="not hex"),
        pytest.param({"sha256_digest": "\u0661" * 64}, InvalidUpload, "sha256_digest: use 64 hex", id="not ASCII"),
        pytest.param({"blake2_256_digest": "a" * 128}, InvalidUpload, "blake2_256_digest: use 64", id="blake2 of 512"),
    ],
)
def test_refuses_a_form_that_is_no_upload(fields: dict[str, str], kind: type[PackagesError], sentence: str) -> None:
    with pytest.raises(InvalidUpload, match=sentence) as refusal:
        read_upload_form(fields)
    assert type(refusal.value) is kind
    assert str(refusal.value).isascii()


@pytest.mark.parametrize("built", [a_wheel(), an_sdist()], ids=["wheel", "sdist"])
def test_accepts_the_file_that_the_form_describes(built: Built) -> None:
    received = built.received()
    digests = received.digests
    kind = "bdist_wheel" if built.filename.endswith(".whl") else "sdist"
    for fields in (
        {},
        {"filetype": kind},
        {
            "filetype": kind,
            "md5_digest": digests["md5"].upper(),
            "sha256_digest": digests["sha256"],
            "blake2_256_digest": digests["blake2b_256"],
        },
    ):
        read_upload_form(fields).check_file(received)


@pytest.mark.parametrize(
    ("field", "digest", "length"),
    [("md5_digest", "md5", 32), ("sha256_digest", "sha256", 64), ("blake2_256_digest", "blake2b_256", 64)],
)
def test_refuses_a_file_with_another_digest(field: str, digest: str, length: int) -> None:
    received = a_wheel().received()
    form = read_upload_form({field: "0" * length})
    with pytest.raises(InvalidUpload, match="digest supplied does not match") as refusal:
        form.check_file(received)
    assert f"{digest} of {received.filename} is {received.digests[digest]}, not {'0' * length}" in str(refusal.value)


@pytest.mark.parametrize(("built", "filetype"), [(a_wheel(), "sdist"), (an_sdist(), "bdist_wheel")])
def test_refuses_a_file_of_another_type(built: Built, filetype: str) -> None:
    form = read_upload_form({"filetype": filetype})
    with pytest.raises(InvalidUpload, match=f"File '{built.filename}' is not of the filetype '{filetype}'"):
        form.check_file(built.received())


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"name": "Demo.Pkg", "version": "1.0"},
        {"name": "demo_pkg"},
        {"name": "DEMO--PKG"},
        {"version": "1.0.0"},
        {"version": "v1.0"},
    ],
)
def test_accepts_metadata_that_the_form_names_in_any_spelling(fields: dict[str, str]) -> None:
    read_upload_form(fields).check_metadata(parse_metadata(core_metadata("Demo.Pkg", "1.0")))


@pytest.mark.parametrize(
    ("fields", "kind", "sentence"),
    [
        pytest.param(
            {"name": "other"}, InvalidDistribution, "name 'other' is not .* metadata, 'Demo.Pkg'", id="another project"
        ),
        pytest.param({"name": "démo-pkg"}, InvalidDistribution, r"name 'd\\xe9mo-pkg' is not", id="name not ASCII"),
        pytest.param(
            {"version": "1.1"}, InvalidDistribution, "version '1.1' is not .* metadata, '1.0'", id="another version"
        ),
        pytest.param(
            {"version": "1.0+corp.1"}, InvalidDistribution, "version '1.0[+]corp.1' is not", id="local version"
        ),
        pytest.param({"version": "2004d"}, InvalidUpload, "'2004d' is an invalid value for version", id="not PEP 440"),
        pytest.param({"version": LONG_NUMBER}, InvalidUpload, "version", id="a number that Python does not read"),
    ],
)
def test_refuses_metadata_that_the_form_contradicts(
    fields: dict[str, str], kind: type[PackagesError], sentence: str
) -> None:
    form = read_upload_form(fields)
    with pytest.raises(kind, match=sentence):
        form.check_metadata(parse_metadata(core_metadata("Demo.Pkg", "1.0")))
