"""``make deploy`` and ``make undeploy``, on an emulator that runs the deployed zip."""

import io
import json
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from deployment import packing
from deployment.address import refuse_another_door
from deployment.commands import Failed
from deployment.function import SECRETS, new_variables
from deployment.stage import Stage
from tests.builders import Built, a_wheel
from tests.journeys.aws.emulator import Emulator
from tests.journeys.aws.stages import ACCOUNT, BUCKET, FUNCTION, TABLE, Deployed, Tree, a_tree

pytestmark = [pytest.mark.registry, pytest.mark.aws]

LARGEST_ZIP = 20_000_000
EVENTS_SECONDS = 60
ROLE = "elastic-pypi-dev-eu-central-1"
UNCONDITIONAL = {"StatementId": "FunctionURLAllowPublicAccessInvoke", "Action": "lambda:InvokeFunction"}


@pytest.fixture
def tree(deployed_stage: Deployed) -> Tree:
    return deployed_stage.tree


def notifications(tree: Tree) -> list[dict[str, Any]]:
    """What the bucket tells functions."""
    told = tree.emulator.client("s3").get_bucket_notification_configuration(Bucket=BUCKET)
    found: list[dict[str, Any]] = told.get("LambdaFunctionConfigurations", [])
    return found


def check_role(tree: Tree) -> None:
    iam = tree.emulator.client("iam")
    assert iam.list_attached_role_policies(RoleName=ROLE)["AttachedPolicies"] == []
    (name,) = iam.list_role_policies(RoleName=ROLE)["PolicyNames"]
    policy = iam.get_role_policy(RoleName=ROLE, PolicyName=name)["PolicyDocument"]
    log = f"arn:aws:logs:eu-central-1:{ACCOUNT}:log-group:/aws/lambda/{FUNCTION}"
    assert {statement["Sid"]: statement["Resource"] for statement in policy["Statement"]} == {
        "Index": f"arn:aws:dynamodb:eu-central-1:{ACCOUNT}:table/{TABLE}",
        "Bucket": f"arn:aws:s3:::{BUCKET}",
        "Objects": f"arn:aws:s3:::{BUCKET}/*",
        "Log": [log, f"{log}:*"],
    }
    assert "*" not in "".join(action for statement in policy["Statement"] for action in statement["Action"])
    trust = iam.get_role(RoleName=ROLE)["Role"]["AssumeRolePolicyDocument"]
    assert [statement["Principal"] for statement in trust["Statement"]] == [{"Service": "lambda.amazonaws.com"}]


def check_permissions(tree: Tree) -> None:
    policy = json.loads(tree.emulator.client("lambda").get_policy(FunctionName=FUNCTION)["Policy"])
    permitted = [(each["Action"], each["Principal"], each["Condition"]) for each in policy["Statement"]]
    # Whoever could invoke the function itself could have Zappa's handler run any command.
    assert sorted(permitted, key=str) == [
        ("lambda:InvokeFunction", "*", {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}),
        (
            "lambda:InvokeFunction",
            {"Service": "s3.amazonaws.com"},
            {
                "ArnLike": {"AWS:SourceArn": f"arn:aws:s3:::{BUCKET}"},
                "StringEquals": {"AWS:SourceAccount": ACCOUNT},
            },
        ),
        ("lambda:InvokeFunctionUrl", "*", {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}),
    ]


@pytest.fixture(scope="module")
def dropped(deployed_stage: Deployed) -> Built:
    """A wheel that was dropped into the bucket, and published."""
    tree, wheel = deployed_stage.tree, a_wheel("dropped")
    tree.emulator.client("s3").put_object(Bucket=BUCKET, Key=f"from here/{wheel.filename}", Body=wheel.content)
    deadline = time.monotonic() + EVENTS_SECONDS
    while tree.get("simple/dropped/", ("admin", deployed_stage.password)).status_code == 404:
        assert time.monotonic() < deadline, tree.emulator.log.read_text(errors="replace")
        time.sleep(0.2)
    return wheel


def test_says_every_step_and_how_to_go_on(deployed_stage: Deployed) -> None:
    shown = deployed_stage.outcome.shown
    places = [shown.index(f"{number}/9 ") for number in range(1, 10)]
    assert places == sorted(places)
    for text in (
        f"account {ACCOUNT}, region eu-central-1",
        f"account admin in the table {TABLE}: created",
        "health/ answers 200",
    ):
        assert text in shown
    for line in (
        "pip install --index-url https://admin:PASSWORD@",
        "uv pip install ",
        "twine upload --repository-url ",
    ):
        assert line in shown
    assert shown.count(deployed_stage.password) == 1


def test_the_zip_is_small_and_holds_no_secret(deployed_stage: Deployed, zip_file: Path) -> None:
    assert zip_file.stat().st_size < LARGEST_ZIP
    secrets = [deployed_stage.password.encode(), deployed_stage.tree.variables()["SECRET_KEY"].encode()]
    with zipfile.ZipFile(zip_file) as archive:
        names = archive.namelist()
        assert not any(secret in archive.read(name) for name in names for secret in secrets)
    assert {name.split("/")[0] for name in names} >= {"packages", "pypi_project", "templates", "zappa_settings.py"}
    assert not {name.split("/")[0] for name in names} & {"deployment", "tests", "docs", ".git", "requests", "moto"}


def test_the_role_may_use_this_table_this_bucket_and_its_log(tree: Tree) -> None:
    check_role(tree)


def test_the_function_is_configured_safely(tree: Tree) -> None:
    client = tree.emulator.client("lambda")
    configuration = client.get_function_configuration(FunctionName=FUNCTION)
    assert configuration["Role"] == f"arn:aws:iam::{ACCOUNT}:role/{ROLE}"
    assert (configuration["MemorySize"], configuration["Timeout"]) == (512, 900)
    variables = tree.variables()
    assert len(variables.pop("SECRET_KEY")) >= 32
    assert variables == {
        "SERVICE": "elastic pypi",
        "STAGE": "dev",
        "BUCKET": BUCKET,
        "TABLE": TABLE,
        "INSTANTIATE_LAMBDA_HANDLER_ON_IMPORT": "1",
    }
    (log,) = tree.emulator.client("logs").describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{FUNCTION}")["logGroups"]
    assert log["retentionInDays"] == 30
    # A page elsewhere may not read what a browser here is shown.
    assert not client.get_function_url_config(FunctionName=FUNCTION).get("Cors")


def test_it_is_invoked_through_its_address_and_by_its_bucket_alone(tree: Tree) -> None:
    check_permissions(tree)


def test_it_answers(deployed_stage: Deployed) -> None:
    tree = deployed_stage.tree
    assert tree.get("health/").json() == {"status": "ok"}
    assert tree.get("simple/").status_code == 401
    assert tree.get("simple/", ("admin", "wrong")).status_code == 401
    assert tree.get("simple/", ("admin", deployed_stage.password)).status_code == 200


def test_what_is_dropped_into_the_bucket_is_published(deployed_stage: Deployed, dropped: Built) -> None:
    page = deployed_stage.tree.get("simple/dropped/", ("admin", deployed_stage.password))
    assert (page.status_code, dropped.filename in page.text) == (200, True)


def test_the_next_deployment_updates_and_repairs(tree: Tree, dropped: Built, tmp_path: Path) -> None:
    client = tree.emulator.client("lambda")
    before, address = tree.variables(), client.get_function_url_config(FunctionName=FUNCTION)["FunctionUrl"]
    # Zappa alone would have left the function like this.
    client.remove_permission(FunctionName=FUNCTION, StatementId=UNCONDITIONAL["StatementId"])
    client.add_permission(FunctionName=FUNCTION, Principal="*", **UNCONDITIONAL)
    tree.emulator.client("s3").put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration={})
    tree.emulator.client("iam").delete_role_policy(RoleName=ROLE, PolicyName="index")

    outcome = tree.make("deploy", STAGE="dev", USERS="dave:pass:word", TMPDIR=str(tmp_path))
    assert outcome.code == 0, outcome
    assert "pass:word" not in outcome.shown
    # Nor does it stay on this machine.
    assert [path for path in tmp_path.rglob("*") if path.is_file() and "pass:word" in path.read_text()] == []
    assert tree.variables() == {**before, "USERS": "dave:pass:word"}
    assert client.get_function_url_config(FunctionName=FUNCTION)["FunctionUrl"] == address
    assert tree.get("simple/dropped/", ("dave", "pass:word")).status_code == 200
    check_permissions(tree)
    check_role(tree)
    assert [told["Events"] for told in notifications(tree)] == [["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]]


def a_stage(**settings: Any) -> Stage:
    return Stage(
        name="dev",
        account=ACCOUNT,
        region="eu-central-1",
        partition="aws",
        settings={"project_name": "elastic-pypi", "aws_environment_variables": {}, **settings},
    )


def test_api_gateway_does_not_take_the_place_of_an_address(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in tree.emulator.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_SESSION_TOKEN")
    refuse_another_door(a_stage(use_apigateway=False))
    with pytest.raises(Failed, match="Run make undeploy STAGE=dev first"):
        refuse_another_door(a_stage(use_apigateway=True))


@pytest.mark.parametrize(
    ("given", "deployed", "expected"),
    [
        ({}, None, {}),
        ({"USERS": "dave:secret"}, None, {"USERS": "dave:secret"}),
        ({}, {"USERS": "dave:secret"}, {}),
        # Taken back; what was never given is not mentioned.
        ({"USERS": "", "PASSWORD": ""}, {"USERS": "dave:secret"}, {"USERS": ""}),
        # A desktop's own.
        ({"USERNAME": "desktop"}, None, {}),
        ({"USERNAME": "dave", "PASSWORD": "secret"}, None, {"USERNAME": "dave", "PASSWORD": "secret"}),
    ],
)
def test_accounts_come_from_the_shell(
    monkeypatch: pytest.MonkeyPatch,
    given: dict[str, str],
    deployed: dict[str, str] | None,
    expected: dict[str, str],
) -> None:
    for name in SECRETS:
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    kept = {"SECRET_KEY": "x" * 40, **deployed} if deployed else None
    variables = new_variables(a_stage(), kept)
    assert ("SECRET_KEY" in variables) is (deployed is None)
    variables.pop("SECRET_KEY", None)
    assert variables == expected


def test_undeploying_leaves_what_was_published(tree: Tree, dropped: Built) -> None:
    refused = tree.make("undeploy", STAGE="dev", CONFIRM="prod")
    assert refused.code != 0
    assert "Nothing was removed" in refused.shown
    assert tree.get("health/").ok

    # An undeployment that was interrupted goes on.
    for _ in range(2):
        outcome = tree.make("undeploy", STAGE="dev", CONFIRM="dev")
        assert outcome.code == 0, outcome
        assert f"aws s3 rb s3://{BUCKET}" in outcome.shown
    client, logs = tree.emulator.client("lambda"), tree.emulator.client("logs")
    assert client.list_functions()["Functions"] == []
    assert notifications(tree) == []
    assert logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{FUNCTION}")["logGroups"] == []
    with pytest.raises(tree.emulator.client("iam").exceptions.NoSuchEntityException):
        tree.emulator.client("iam").get_role(RoleName=ROLE)
    objects = tree.emulator.client("s3").list_objects_v2(Bucket=BUCKET, Prefix="files/dropped/")
    assert objects["KeyCount"] == 2
    items = tree.emulator.client("dynamodb").scan(TableName=TABLE, Select="COUNT")
    assert items["Count"] > 0


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"STAGE": ""}, "error: STAGE is not set; say STAGE=dev or STAGE=prod."),
        ({"STAGE": "production"}, "error: STAGE is 'production', which zappa_settings.json does not have"),
        ({"AWS_DEFAULT_REGION": ""}, "error: No region is set; say which one"),
        ({"AWS_DEFAULT_REGION": "moon"}, "error: The region 'moon' is none of AWS's"),
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "error: AWS cannot be asked who you are"),
        ({"AWS_PROFILE": "nobody"}, "error: AWS cannot be asked who you are"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "error: AWS cannot be reached"),
    ],
)
def test_refuses_in_a_sentence(emulator: Emulator, tmp_path: Path, variables: Mapping[str, str], sentence: str) -> None:
    tree = a_tree(tmp_path, emulator)
    nowhere = {"AWS_EC2_METADATA_DISABLED": "true", "HOME": str(tmp_path)}
    outcome = tree.make("deploy", **{"STAGE": "dev", **nowhere, **variables})
    assert outcome.code != 0
    assert sentence in outcome.shown
    assert "Traceback" not in outcome.shown
    assert not tree.zip.exists()


PYC = packing.UNCHECKED_HASH + b"\0" * 8
CHECKED = PYC[:4] + (0b11).to_bytes(4, "little") + b"\0" * 8
ELF = b"\x7fELF\x02\x01" + b"\0" * 12
RPDS = "rpds/rpds.cpython-311-x86_64-linux-gnu.so"
GOOD = {
    **dict.fromkeys(packing.NEEDED, b""),
    "packages/models/__pycache__/base.cpython-311.pyc": PYC,
    **dict.fromkeys(
        (
            *(RPDS, "_cffi_backend.so", "comrak/comrak.cpython-311-x86_64-linux-gnu.so"),
            *("cryptography/hazmat/bindings/_rust.abi3.so", "nh3/nh3.abi3.so"),
        ),
        ELF + b"\x3e\x00",
    ),
}


@pytest.mark.parametrize(
    ("more", "size", "sentence"),
    [
        ({}, 20_000_001, "the limit is 20"),
        ({"data/index.sqlite3": b""}, 1, "must not leave this machine"),
        ({"packages/.env": b""}, 1, "must not leave this machine"),
        ({"yaml/_yaml.cpython-311-x86_64-linux-gnu.so": b""}, 1, "built for this machine"),
        pytest.param({RPDS: ELF + b"\xb7\x00"}, 1, "built for this machine", id="for another processor"),
        pytest.param({RPDS: b"\xcf\xfa\xed\xfe"}, 1, "built for this machine", id="for another system"),
        ({"django/__pycache__/x.cpython-311.pyc": CHECKED}, 1, "would be compiled again at every start"),
    ],
)
def test_refuses_a_zip(more: Mapping[str, bytes], size: int, sentence: str) -> None:
    with pytest.raises(Failed, match=sentence):
        packing.check(a_zip({**GOOD, **more}), size=size)


def test_refuses_a_zip_that_lacks_something() -> None:
    packing.check(a_zip(GOOD), size=1)
    for name in GOOD:
        with pytest.raises(Failed, match=r"The zip lacks|is compiled"):
            packing.check(a_zip({other: content for other, content in GOOD.items() if other != name}), size=1)


def a_zip(content: Mapping[str, bytes]) -> zipfile.ZipFile:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return zipfile.ZipFile(written)
