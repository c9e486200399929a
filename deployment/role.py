"""The role that the function acts in: this stage's table, objects and log, and nothing else."""

import json
from typing import Any

from deployment.stage import ROOT, Stage

POLICY = "index"

_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}


def make_role(stage: Stage) -> tuple[str, bool]:
    """Make the role, or bring it up to date; gives its ARN, and whether it is new."""
    iam = stage.client("iam")
    trust = json.dumps(_TRUST)
    try:
        made = iam.create_role(
            RoleName=stage.role,
            AssumeRolePolicyDocument=trust,
            Description=f"What the function {stage.function} may do",
        )
        arn, new = made["Role"]["Arn"], True
    except iam.exceptions.EntityAlreadyExistsException:
        arn, new = iam.get_role(RoleName=stage.role)["Role"]["Arn"], False
        iam.update_assume_role_policy(RoleName=stage.role, PolicyDocument=trust)
    iam.put_role_policy(RoleName=stage.role, PolicyName=POLICY, PolicyDocument=json.dumps(policy_of(stage)))
    return arn, new


def policy_of(stage: Stage) -> dict[str, Any]:
    """The policy with the stage's names in it."""
    filled: dict[str, Any] = json.loads(stage.fill_in((ROOT / "deployment" / "policy.json").read_text()))
    return filled


def remove_role(stage: Stage) -> bool:
    """Remove the role; says whether there was one."""
    iam = stage.client("iam")
    try:
        for name in iam.list_role_policies(RoleName=stage.role)["PolicyNames"]:
            iam.delete_role_policy(RoleName=stage.role, PolicyName=name)
        for attached in iam.list_attached_role_policies(RoleName=stage.role)["AttachedPolicies"]:
            iam.detach_role_policy(RoleName=stage.role, PolicyArn=attached["PolicyArn"])
        iam.delete_role(RoleName=stage.role)
    except iam.exceptions.NoSuchEntityException:
        return False
    return True
