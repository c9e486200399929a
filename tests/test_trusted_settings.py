"""Settings of trusted publishing."""

import runpy
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from pypi_project import settings as readers


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("TRUSTED_PUBLISHING", "TRUSTED_ISSUERS", "OIDC_AUDIENCE", "SERVICE", "STAGE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))


def all_settings() -> dict[str, Any]:
    return runpy.run_path(str(readers.__file__))


def test_trusts_whom_everybody_knows() -> None:
    found = all_settings()
    assert found["TRUSTED_PUBLISHING"] is True
    assert found["TRUSTED_ISSUERS"] == {
        "https://token.actions.githubusercontent.com": "github",
        "https://gitlab.com": "gitlab",
        "https://accounts.google.com": "google",
    }


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("gitlab=https://gitlab.example.org", {"https://gitlab.example.org": "gitlab"}),
        (
            " gitlab = https://gitlab.example.org:8443/git , oidc=https://issuer.example/ ",
            {"https://gitlab.example.org:8443/git": "gitlab", "https://issuer.example/": "oidc"},
        ),
        ("oidc=http://127.0.0.1:8080", {"http://127.0.0.1:8080": "oidc"}),
        ("oidc=http://[::1]:8080/a", {"http://[::1]:8080/a": "oidc"}),
        ("github=https://ghe.example/_services/token", {"https://ghe.example/_services/token": "github"}),
        ("", {}),
    ],
)
def test_reads_issuers(monkeypatch: pytest.MonkeyPatch, value: str, read: dict[str, str]) -> None:
    monkeypatch.setenv("TRUSTED_ISSUERS", value)
    assert readers.issuers("TRUSTED_ISSUERS") == read


@pytest.mark.parametrize(
    "value",
    [
        "https://gitlab.example.org",
        "google=https://accounts.example",
        "svn=https://svn.example",
        "gitlab=gitlab.example.org",
        "gitlab=http://gitlab.example.org",
        "oidc=http://localhost.example",
        "oidc=https://user@issuer.example",
        "oidc=https://issuer.example/?a=b",
        "oidc=https://issuer.example/#a",
        "oidc=https://issüer.example",
        "oidc=https://",
        f"oidc=https://issuer.example/{'a' * 200}",
        "oidc=https://issuer.example,gitlab=https://issuer.example",
        "oidc=https://gitlab.com",
    ],
)
def test_refuses_other_issuers(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("TRUSTED_ISSUERS", value)
    with pytest.raises(ImproperlyConfigured, match=r"^TRUSTED_ISSUERS has "):
        readers.issuers("TRUSTED_ISSUERS")


@pytest.mark.parametrize(
    ("variables", "audience"),
    [
        ({}, "elastic-pypi"),
        ({"STAGE": "dev"}, "elastic-pypi-dev"),
        ({"SERVICE": "The Pack_ages", "STAGE": "v1.2"}, "the-pack-ages-v1-2"),
        ({"SERVICE": "--"}, "elastic-pypi"),
        ({"OIDC_AUDIENCE": "pypi.example.org"}, "pypi.example.org"),
        ({"OIDC_AUDIENCE": "https://pypi.example.org:1/a"}, "https://pypi.example.org:1/a"),
    ],
)
def test_chooses_an_audience(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], audience: str) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert all_settings()["OIDC_AUDIENCE"] == audience


@pytest.mark.parametrize("value", ["a b", "-a", "ä", "a" * 101, "a,b"])
def test_refuses_another_audience(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("OIDC_AUDIENCE", value)
    with pytest.raises(ImproperlyConfigured, match="OIDC_AUDIENCE is"):
        all_settings()
