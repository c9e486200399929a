"""What identity tokens must claim: tables of what fits a publisher, and what does not."""

from typing import Any

import pytest

from packages.errors import InvalidRequest
from packages.trusted.claims import (
    PROVIDERS,
    expiry,
    fields_of,
    folded,
    identity,
    noted,
    read_fields,
    subject_in,
    subject_of,
    why_invalid,
    why_not,
)
from tests.issuer import GITHUB, GITHUB_FIELDS

GITHUB_ISSUER = "https://token.actions.githubusercontent.com"
GITLAB_ISSUER = "https://gitlab.example.org:8443"
SHA = GITHUB["sha"]

GITLAB_FIELDS = {"namespace": "group/Sub", "project": "demo", "workflow_filepath": ".gitlab-ci.yml"}
GITLAB = {
    "sub": "project_path:Group/sub/demo:ref_type:branch:ref:main",
    "project_path": "Group/sub/demo",
    "namespace_id": "9970",
    "ci_config_ref_uri": "gitlab.example.org:8443/Group/sub/demo//.gitlab-ci.yml@refs/heads/main",
    "ref_path": "refs/heads/main",
    "sha": SHA,
    "environment": "release",
}
GOOGLE_FIELDS = {"email": "ci@demo.iam.gserviceaccount.com"}
GOOGLE = {"email": "ci@demo.iam.gserviceaccount.com", "email_verified": True, "sub": "1122"}
OIDC_FIELDS = {"sub": "organization:octo:pipeline:demo"}
OIDC = {"sub": "organization:octo:pipeline:demo", "branch": "main", "protected": True, "step": 7, "tags": ["a"]}


def changed(values: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Some of them changed, or with None left out."""
    return {name: value for name, value in {**values, **changes}.items() if value is not None}


def at(path: str) -> str:
    return f"Octo-Org/Demo/{path}"


@pytest.mark.parametrize(
    ("fields", "claims"),
    [
        ({}, {}),
        # GitHub's names are the same in any case; a publisher without an environment takes any, or none.
        ({"repository_owner": "OCTO-org"}, {"environment": None}),
        ({"environment": "release"}, {"environment": "RELEASE"}),
        ({"environment": "größe"}, {"environment": "größe"}),
        # A deployment of a commit has no ref.
        ({}, {"ref": None, "job_workflow_ref": at(f".github/workflows/release.yml@{SHA}")}),
        ({}, {"job_workflow_ref": at(f".github/workflows/release.yml@{SHA}")}),
        ({}, {"ref": "refs/heads/a@b", "job_workflow_ref": at(".github/workflows/release.yml@refs/heads/a@b")}),
        ({"workflow_filename": "a@b.yaml"}, {"job_workflow_ref": at(".github/workflows/a@b.yaml@refs/tags/v1.0")}),
        # Organisations may give the subject another form.
        ({}, {"sub": "repository_owner_id:583231:job"}),
    ],
)
def test_a_github_job_fits(fields: dict[str, Any], claims: dict[str, Any]) -> None:
    assert why_not("github", GITHUB_ISSUER, changed(GITHUB_FIELDS, **fields), changed(GITHUB, **claims)) is None


@pytest.mark.parametrize(
    ("fields", "claims", "says"),
    [
        ({}, {"repository": "octo-org/other"}, "the claim 'repository' is 'octo-org/other', not 'octo-org/demo'"),
        ({}, {"repository": None}, "the claim 'repository' is missing"),
        ({}, {"repository": ""}, "the claim 'repository' is ''"),
        ({}, {"repository": ["octo-org/demo"]}, "the claim 'repository' is no text"),
        ({}, {"repository_owner": "octo-0rg"}, "the claim 'repository_owner' is"),
        # Somebody has taken the name of a deleted account.
        ({}, {"repository_owner_id": "999"}, "the claim 'repository_owner_id' is '999', not '583231'"),
        ({}, {"repository_owner_id": 583231}, "the claim 'repository_owner_id' is 583231, not '583231'"),
        ({}, {"job_workflow_ref": None}, "the claim 'job_workflow_ref' is missing"),
        ({}, {"job_workflow_ref": at(".github/workflows/test.yml@refs/tags/v1.0")}, "the claim 'job_workflow_ref'"),
        ({}, {"job_workflow_ref": at(".github/workflows/RELEASE.yml@refs/tags/v1.0")}, "the claim 'job_workflow_ref'"),
        # A workflow of somebody else's that is called by this repository's.
        (
            {},
            {"job_workflow_ref": "mallory/tools/.github/workflows/release.yml@refs/tags/v1.0"},
            "the claim 'job_workflow_ref'",
        ),
        # Not at what was pushed.
        ({}, {"job_workflow_ref": at(".github/workflows/release.yml@refs/heads/main")}, "'refs/tags/v1.0' or"),
        ({}, {"ref": None, "sha": None}, "at a ref"),
        ({}, {"ref": "", "sha": "", "job_workflow_ref": at(".github/workflows/release.yml@")}, "at a ref"),
        ({}, {"job_workflow_ref": at("x/.github/workflows/release.yml@refs/tags/v1.0")}, "the claim"),
        ({}, {"event_name": "pull_request_target"}, "the event 'pull_request_target' may not publish"),
        ({}, {"event_name": None}, "the claim 'event_name' is missing"),
        ({"environment": "release"}, {"environment": None}, "the claim 'environment' is missing, not 'release'"),
        ({"environment": "release"}, {"environment": "test"}, "the claim 'environment' is 'test', not 'release'"),
        # A Kelvin sign is no K.
        ({"environment": "ok"}, {"environment": "o\u212a"}, "the claim 'environment'"),
    ],
)
def test_a_github_job_does_not_fit(fields: dict[str, Any], claims: dict[str, Any], says: str) -> None:
    why = why_not("github", GITHUB_ISSUER, changed(GITHUB_FIELDS, **fields), changed(GITHUB, **claims))
    assert why is not None
    assert says in why
    assert why.isascii()


@pytest.mark.parametrize(
    ("fields", "claims"),
    [
        ({}, {}),
        ({"namespace": "GROUP/sub"}, {"environment": None}),
        ({"environment": "release"}, {}),
        ({}, {"ci_config_ref_uri": f"gitlab.example.org:8443/Group/sub/demo//.gitlab-ci.yml@{SHA}"}),
        ({}, {"sub": "project_path:group/sub/DEMO"}),
        ({"namespace_id": "9970"}, {}),
        # Whoever does not name it takes whoever has the name.
        ({}, {"namespace_id": "1234"}),
        ({}, {"namespace_id": None}),
    ],
)
def test_a_gitlab_job_fits(fields: dict[str, Any], claims: dict[str, Any]) -> None:
    assert why_not("gitlab", GITLAB_ISSUER, changed(GITLAB_FIELDS, **fields), changed(GITLAB, **claims)) is None


@pytest.mark.parametrize(
    ("fields", "claims", "says"),
    [
        ({}, {"sub": None}, "the claim 'sub' is missing"),
        ({}, {"sub": "project_path:group/sub/demo2:ref_type:branch"}, "does not begin with"),
        ({}, {"project_path": "group/demo"}, "the claim 'project_path'"),
        # Somebody has taken the name of a deleted group.
        ({"namespace_id": "9970"}, {"namespace_id": "1234"}, "the claim 'namespace_id' is '1234', not '9970'"),
        ({"namespace_id": "9970"}, {"namespace_id": None}, "the claim 'namespace_id' is missing"),
        ({"namespace_id": "9970"}, {"namespace_id": 9970}, "the claim 'namespace_id' is 9970, not '9970'"),
        ({}, {"ref_path": None}, "one of the claims 'ref_path' and 'sha' is missing"),
        ({}, {"sha": None}, "one of the claims 'ref_path' and 'sha' is missing"),
        # The same project, and the same file, at another host.
        ({}, {"ci_config_ref_uri": "gitlab.com/Group/sub/demo//.gitlab-ci.yml@refs/heads/main"}, "ci_config_ref_uri"),
        ({}, {"ci_config_ref_uri": GITLAB["ci_config_ref_uri"].replace(".gitlab-ci", "other")}, "ci_config_ref_uri"),
        ({}, {"ci_config_ref_uri": GITLAB["ci_config_ref_uri"].replace("//.", "//x/.")}, "ci_config_ref_uri"),
        ({}, {"ci_config_ref_uri": GITLAB["ci_config_ref_uri"] + "-other"}, "ci_config_ref_uri"),
        ({"environment": "release"}, {"environment": None}, "the claim 'environment' is missing"),
        # GitLab's environments do differ by case.
        ({"environment": "release"}, {"environment": "Release"}, "the claim 'environment' is 'Release'"),
    ],
)
def test_a_gitlab_job_does_not_fit(fields: dict[str, Any], claims: dict[str, Any], says: str) -> None:
    why = why_not("gitlab", GITLAB_ISSUER, changed(GITLAB_FIELDS, **fields), changed(GITLAB, **claims))
    assert why is not None
    assert says in why


@pytest.mark.parametrize(
    ("fields", "claims", "says"),
    [
        ({}, {}, None),
        ({"sub": "1122"}, {}, None),
        ({}, {"email": "CI@demo.iam.gserviceaccount.com"}, "the claim 'email'"),
        ({}, {"email_verified": False}, "the claim 'email_verified' is not true"),
        ({}, {"email_verified": "true"}, "the claim 'email_verified' is not true"),
        ({}, {"email_verified": None}, "the claim 'email_verified' is not true"),
        ({"sub": "1122"}, {"sub": "3344"}, "the claim 'sub'"),
    ],
)
def test_a_google_account(fields: dict[str, Any], claims: dict[str, Any], says: str | None) -> None:
    why = why_not("google", "https://accounts.google.com", changed(GOOGLE_FIELDS, **fields), changed(GOOGLE, **claims))
    assert (why is None) if says is None else says in str(why)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({}, None),
        ({"branch": "main", "protected": "true", "step": "7"}, None),
        ({"sub": "organization:octo"}, "the claim 'sub' is 'organization:octo:pipeline:demo', not 'organization:octo'"),
        ({"branch": "Main"}, "the claim 'branch' is 'main', not 'Main'"),
        ({"team": "a"}, "the claim 'team' is missing, not 'a'"),
        ({"tags": "a"}, "the claim 'tags' is no text, not 'a'"),
        ({"protected": "True"}, "the claim 'protected' is True, not 'True'"),
    ],
)
def test_any_other_issuer(fields: dict[str, Any], says: str | None) -> None:
    why = why_not("oidc", "https://issuer.example", changed(OIDC_FIELDS, **fields), OIDC)
    assert (why is None) if says is None else why == says


# What is looked up.


@pytest.mark.parametrize(
    ("provider", "fields", "claims", "subject"),
    [
        ("github", GITHUB_FIELDS, GITHUB, "octo-org/demo"),
        ("gitlab", GITLAB_FIELDS, GITLAB, "group/sub/demo"),
        ("google", GOOGLE_FIELDS, GOOGLE, "ci@demo.iam.gserviceaccount.com"),
        ("oidc", OIDC_FIELDS, OIDC, "organization:octo:pipeline:demo"),
    ],
)
def test_a_publisher_is_found_by_what_its_tokens_claim(
    provider: str, fields: dict[str, str], claims: dict[str, Any], subject: str
) -> None:
    assert subject_of(provider, fields) == subject_in(provider, claims) == subject
    assert subject_in(provider, {}) is None


def test_the_same_workload_has_the_same_id_however_it_is_spelled() -> None:
    first = identity("github", GITHUB_ISSUER, {**GITHUB_FIELDS, "environment": "release"})
    assert first == identity("github", GITHUB_ISSUER, {"environment": "RELEASE", **GITHUB_FIELDS, "repository": "Demo"})
    others = [
        identity("github", GITHUB_ISSUER, GITHUB_FIELDS),
        identity("github", "https://other.example", {**GITHUB_FIELDS, "environment": "release"}),
        identity(
            "github", GITHUB_ISSUER, {**GITHUB_FIELDS, "environment": "release", "workflow_filename": "Release.yml"}
        ),
        identity("gitlab", GITLAB_ISSUER, {**GITLAB_FIELDS, "environment": "release"}),
        identity("gitlab", GITLAB_ISSUER, {**GITLAB_FIELDS, "environment": "Release"}),
        identity("oidc", GITLAB_ISSUER, {"sub": "a", "b": "c"}),
    ]
    assert len({first, *others}) == 7


def test_no_two_other_letters_are_taken_for_the_same() -> None:
    assert folded("AZ\u212a\u0130ß") == "az\u212a\u0130ß"


# Any token.

VALID = {"iss": GITHUB_ISSUER, "aud": "ours", "sub": "x", "jti": "1", "iat": 1000, "exp": 1300}


@pytest.mark.parametrize(
    ("claims", "now", "says"),
    [
        ({}, 1000, None),
        ({"nbf": 1000}, 1000, None),
        # Clocks differ by half a minute.
        ({}, 1329.9, None),
        ({}, 1330, "It expired 30 seconds ago."),
        ({}, 970, None),
        ({}, 969, "It was issued 31 seconds in the future; is a clock wrong?"),
        ({"nbf": 1030}, 1000, None),
        ({"nbf": 1100}, 1000, "It is not valid for another 100 seconds; is a clock wrong?"),
        ({"nbf": "1000"}, 1000, "Its claim 'nbf' must be a number of seconds."),
        ({"exp": None}, 1000, "Its claims 'exp' and 'iat' must be there, as numbers of seconds."),
        ({"iat": None}, 1000, "Its claims 'exp' and 'iat' must be there"),
        ({"exp": "1300"}, 1000, "Its claims 'exp' and 'iat' must be there"),
        ({"exp": True}, 0, "Its claims 'exp' and 'iat' must be there"),
        ({"exp": float("inf")}, 1000, "Its claims 'exp' and 'iat' must be there"),
        ({"exp": float("nan")}, 1000, "Its claims 'exp' and 'iat' must be there"),
        ({"exp": 10**400}, 1000, "Its claims 'exp' and 'iat' must be there"),
        ({"iat": -1}, 1000, "Its claims 'exp' and 'iat' must be there"),
        ({"iss": "https://other.example"}, 1000, "It was not issued by whom it names."),
        ({"aud": "theirs"}, 1000, "It is for the audience 'theirs', and this index is 'ours'."),
        ({"aud": None}, 1000, "It is for the audience missing"),
        # Whoever else is in the list could use it here.
        ({"aud": ["ours"]}, 1000, "It is for the audience no text"),
        ({"aud": ["theirs", "ours"]}, 1000, "It is for the audience no text"),
        ({"aud": "Ours"}, 1000, "It is for the audience 'Ours'"),
        ({"sub": None}, 1000, "It lacks the claim 'sub'."),
        ({"sub": 7}, 1000, "It lacks the claim 'sub'."),
        ({"jti": None}, 1000, "It lacks the claim 'jti'."),
        ({"jti": ""}, 1000, "Its claim 'jti' must be a text"),
        ({"jti": 7}, 1000, "Its claim 'jti' must be a text"),
        ({"jti": "x" * 501}, 1000, "Its claim 'jti' must be a text"),
    ],
)
def test_whether_a_token_is_valid(claims: dict[str, Any], now: float, says: str | None) -> None:
    made = changed(VALID, **claims)
    why = why_invalid("github", made, issuer=GITHUB_ISSUER, audience="ours", now=now)
    assert (why is None) if says is None else says in str(why)


def test_some_issuers_give_their_tokens_no_identifier() -> None:
    claims = changed(VALID, jti=None)
    assert why_invalid("oidc", claims, issuer=GITHUB_ISSUER, audience="ours", now=1000) is None
    assert why_invalid("gitlab", claims, issuer=GITHUB_ISSUER, audience="ours", now=1000) is not None


def test_a_token_expires_as_late_as_clocks_may_say() -> None:
    assert expiry(VALID) == 1330
    assert expiry({}) == 30


def test_the_journal_keeps_who_and_what_ran() -> None:
    claims = {**GITHUB, "run_id": 7, "secret": "x", "ref": "r" * 300, "email": ["a"]}
    kept = noted(claims)
    assert kept["repository"] == "Octo-Org/Demo"
    assert kept["run_id"] == "7"
    assert len(kept["ref"]) == 200
    assert not {"secret", "email"} & kept.keys()


# What is registered.


@pytest.mark.parametrize(
    ("provider", "given", "read"),
    [
        ("github", {**GITHUB_FIELDS, "environment": ""}, GITHUB_FIELDS),
        ("github", {**GITHUB_FIELDS, "environment": "Größe 1"}, {**GITHUB_FIELDS, "environment": "Größe 1"}),
        ("github", {**GITHUB_FIELDS, "repository": ".github"}, {**GITHUB_FIELDS, "repository": ".github"}),
        ("gitlab", GITLAB_FIELDS, GITLAB_FIELDS),
        ("gitlab", {**GITLAB_FIELDS, "namespace_id": ""}, GITLAB_FIELDS),
        ("gitlab", {**GITLAB_FIELDS, "namespace_id": "9970"}, {**GITLAB_FIELDS, "namespace_id": "9970"}),
        (
            "gitlab",
            {**GITLAB_FIELDS, "workflow_filepath": "a/b.yaml"},
            {**GITLAB_FIELDS, "workflow_filepath": "a/b.yaml"},
        ),
        ("gitlab", {**GITLAB_FIELDS, "workflow_filepath": "b.yml"}, {**GITLAB_FIELDS, "workflow_filepath": "b.yml"}),
        ("google", GOOGLE_FIELDS, GOOGLE_FIELDS),
        ("oidc", {"sub": "a b", "https://x.example/team": "c"}, {"sub": "a b", "https://x.example/team": "c"}),
    ],
)
def test_reads_what_a_publisher_is_registered_with(provider: str, given: dict[str, Any], read: dict[str, str]) -> None:
    assert read_fields(provider, given) == read


@pytest.mark.parametrize(
    ("provider", "given", "says"),
    [
        ("bitbucket", {}, "There is no provider 'bitbucket'; it is one of github, gitlab, google, oidc."),
        ("github", {}, "'repository_owner' is '', and must be the GitHub user or organisation"),
        ("github", {**GITHUB_FIELDS, "owner": "x"}, "it has no field 'owner'"),
        ("github", {**GITHUB_FIELDS, "repository": "octo-org/demo"}, "without its owner"),
        ("github", {**GITHUB_FIELDS, "repository_owner": "octo org"}, "'repository_owner' is 'octo org'"),
        ("github", {**GITHUB_FIELDS, "repository_owner": "\u043e"}, "'repository_owner'"),
        ("github", {**GITHUB_FIELDS, "repository_owner": None}, "'repository_owner' is missing"),
        ("github", {**GITHUB_FIELDS, "repository_owner_id": "octo-org"}, "gh api users/OWNER"),
        ("github", {**GITHUB_FIELDS, "repository_owner_id": 583231}, "'repository_owner_id' is 583231"),
        ("github", {**GITHUB_FIELDS, "repository_owner_id": "५"}, "'repository_owner_id'"),
        ("github", {**GITHUB_FIELDS, "workflow_filename": ".github/workflows/release.yml"}, "'workflow_filename'"),
        ("github", {**GITHUB_FIELDS, "workflow_filename": "release"}, "as in release.yml"),
        ("github", {**GITHUB_FIELDS, "workflow_filename": "a\n.yml"}, "'workflow_filename'"),
        ("github", {**GITHUB_FIELDS, "environment": " release"}, "must not begin or end with a space"),
        ("github", {**GITHUB_FIELDS, "environment": "x" * 256}, "'environment'"),
        ("gitlab", {**GITLAB_FIELDS, "namespace": "group/"}, "'namespace' is 'group/'"),
        ("gitlab", {**GITLAB_FIELDS, "namespace": "g" * 201}, "'namespace'"),
        ("gitlab", {**GITLAB_FIELDS, "project": "group/demo"}, "without its group"),
        ("gitlab", {**GITLAB_FIELDS, "namespace_id": "group"}, "CI_PROJECT_NAMESPACE_ID"),
        ("gitlab", {**GITLAB_FIELDS, "namespace_id": 9970}, "'namespace_id' is 9970"),
        ("gitlab", {**GITLAB_FIELDS, "workflow_filepath": "/.gitlab-ci.yml"}, "'workflow_filepath'"),
        ("gitlab", {**GITLAB_FIELDS, "workflow_filepath": "ci.json"}, "'workflow_filepath'"),
        ("google", {"email": "ci"}, "'email' is 'ci'"),
        ("google", {**GOOGLE_FIELDS, "hd": "example.org"}, "it has no field 'hd'"),
        ("oidc", {"branch": "main"}, "'sub' is ''"),
        ("oidc", {**OIDC_FIELDS, "aud": "x"}, "'aud' cannot be a claim to register"),
        ("oidc", {**OIDC_FIELDS, "a b": "x"}, "'a b' cannot be a claim to register"),
        ("oidc", {**OIDC_FIELDS, "branch": ""}, "'branch' is '', and must be the value of that claim"),
        ("oidc", {**OIDC_FIELDS, "branch": ["x"]}, "'branch' is no text"),
        ("oidc", {**OIDC_FIELDS, **{f"c{n}": "x" for n in range(20)}}, "at most 20 claims"),
    ],
)
def test_refuses_what_no_workload_is_called(provider: str, given: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_fields(provider, given)
    assert says in str(caught.value)
    assert str(caught.value).isascii()


@pytest.mark.parametrize("provider", PROVIDERS)
def test_says_which_fields_there_are(provider: str) -> None:
    fields = fields_of(provider)
    assert fields
    assert all(words.isascii() for words in fields.values())


def test_says_which_fields_are_optional() -> None:
    optional = {kind: [name for name, words in fields_of(kind).items() if "(optional)" in words] for kind in PROVIDERS}
    assert optional == {
        "github": ["environment"],
        "gitlab": ["namespace_id", "environment"],
        "google": ["sub"],
        "oidc": [],
    }
