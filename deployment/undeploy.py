"""Undeploying: what runs goes, what was published stays."""

import os

from deployment import bucket_events, function, role
from deployment.commands import Failed, say
from deployment.stage import Stage, recognise


def undeploy(name: str) -> None:
    """Remove a stage's function, address, log and role, never its bucket or table. Raises Failed."""
    stage = recognise(name)
    say(f"stage {stage.name} in account {stage.account}, region {stage.region}", indent=0)
    _confirm(stage)
    told = bucket_events.ignore(stage)
    say(f"bucket {stage.bucket}: {'tells the function no more' if told else 'did not tell the function anything'}")
    there = function.take_down(stage)
    say(f"function {stage.function}: {'removed, with its address and its log' if there else 'was not there'}")
    there = role.remove_role(stage)
    say(f"role {stage.role}: {'removed' if there else 'was not there'}")
    _say_what_stays(stage)


def _confirm(stage: Stage) -> None:
    answer = os.environ.get("CONFIRM")
    if answer is None:
        try:
            answer = input(
                f"The index of {stage.name} will answer no more, and later at another address. "
                f"Type {stage.name} to go on: "
            )
        except EOFError:
            print()
            answer = ""
    if answer != stage.name:
        raise Failed(
            f"Nothing was removed: {stage.name} was to be confirmed, by typing it or with CONFIRM={stage.name}."
        )


def _say_what_stays(stage: Stage) -> None:
    say(
        f"\nEverything published is still there, and make deploy STAGE={stage.name} serves it again,\n"
        "at another address.\n"
        "To delete it for ever, empty the bucket of every version first (the S3 console does that), then:\n\n"
        f"  aws s3 rb s3://{stage.bucket}\n"
        f"  aws dynamodb update-table --table-name {stage.table} --no-deletion-protection-enabled\n"
        f"  aws dynamodb wait table-exists --table-name {stage.table}\n"
        f"  aws dynamodb delete-table --table-name {stage.table}\n",
        indent=0,
    )
