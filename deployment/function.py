"""The Lambda function: deployed by Zappa the first time, updated by it ever after."""

import os
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from deployment import address, bucket_events
from deployment.commands import Failed
from deployment.stage import Stage
from deployment.zappa import zappa

# What `make deploy` may be given for the function; it is never shown and never in the zip.
SECRETS = ("SECRET_KEY", "USERS", "USERNAME", "PASSWORD")

LOG_DAYS = 30

# IAM tells Lambda about a new role within some seconds, now and then half a minute.
_ROLE_TRIES, _ROLE_PAUSE_SECONDS = 15, 5
_ROLE_UNKNOWN = ("cannot be assumed by Lambda", "unable to configure access to your environment variables")


def deployed_variables(stage: Stage) -> dict[str, str] | None:
    """The variables of the function as it is deployed; None if it is not."""
    client = stage.client("lambda")
    try:
        configuration = client.get_function_configuration(FunctionName=stage.function)
    except client.exceptions.ResourceNotFoundException:
        return None
    variables: dict[str, str] = configuration.get("Environment", {}).get("Variables", {})
    return variables


def new_variables(stage: Stage, deployed: Mapping[str, str] | None) -> dict[str, str]:
    """The variables to deploy. Others that are deployed stay as they are: above all the SECRET_KEY made at first."""
    before = deployed or {}
    # An empty one takes back what was given before.
    given = {name: os.environ[name] for name in SECRETS if os.environ.get(name) or _takes_back(name, before)}
    if "PASSWORD" not in given:
        # Desktop sessions set USERNAME on their own.
        given.pop("USERNAME", None)
    variables = {**stage.variables, **given}
    if "SECRET_KEY" not in {**before, **variables}:
        variables["SECRET_KEY"] = secrets.token_urlsafe(48)
    return variables


def _takes_back(name: str, deployed: Mapping[str, str]) -> bool:
    return name != "SECRET_KEY" and os.environ.get(name) == "" and bool(deployed.get(name))


def put_up(stage: Stage, role_arn: str, variables: Mapping[str, str], *, exists: bool) -> None:
    """Deploy the zip, or update the function to it, and let requests and events come to it. Raises Failed."""
    settings = {
        **stage.settings,
        "role_arn": role_arn,
        "aws_environment_variables": variables,
        "events": [event for event in stage.settings["events"] if not bucket_events.is_one(event)],
    }
    if exists:
        _wait_until_it_rests(stage)
        # Zappa finds the address as it should be, and leaves it.
        address.open_up(stage)
        _with_the_role(stage, "update", settings)
    else:
        # Zappa would let everybody on AWS invoke the function past its address.
        _with_the_role(stage, "deploy", {**settings, "function_url_enabled": False})
        address.open_up(stage)
    _wait_until_it_rests(stage)
    _bound_the_log(stage)
    bucket_events.listen(stage)


def take_down(stage: Stage) -> bool:
    """Remove the function with its address and its log; says whether there was one. Raises Failed."""
    exists = deployed_variables(stage) is not None
    if exists:
        address.close(stage)
        zappa(stage, "undeploy", "--yes", "--remove-logs", settings={**stage.settings, "events": []})
        if deployed_variables(stage) is not None:
            raise Failed(f"The function {stage.function} is still there; run the same command again.")
    # Without a function Zappa does nothing, and an interrupted run may have left the log.
    logs = stage.client("logs")
    with suppress(logs.exceptions.ResourceNotFoundException):
        logs.delete_log_group(logGroupName=stage.log_group)
    return exists


def _with_the_role(stage: Stage, command: str, settings: Mapping[str, Any]) -> None:
    hidden = [value for name, value in settings["aws_environment_variables"].items() if name in SECRETS and value]
    for attempt in range(1, _ROLE_TRIES + 1):
        try:
            zappa(stage, command, "--zip", stage.zip, settings=settings, secrets=hidden)
            return
        except Failed as failure:
            if attempt == _ROLE_TRIES or not any(sign in failure.shown for sign in _ROLE_UNKNOWN):
                raise
        time.sleep(_ROLE_PAUSE_SECONDS)


def _bound_the_log(stage: Stage) -> None:
    """Keep the log for a while; Lambda would keep it for ever."""
    logs = stage.client("logs")
    with suppress(logs.exceptions.ResourceAlreadyExistsException):
        logs.create_log_group(logGroupName=stage.log_group)
    logs.put_retention_policy(logGroupName=stage.log_group, retentionInDays=LOG_DAYS)


def _wait_until_it_rests(stage: Stage) -> None:
    """Wait until no change of the function is under way; another one would be refused."""
    client = stage.client("lambda")
    for state in ("function_active_v2", "function_updated_v2"):
        client.get_waiter(state).wait(FunctionName=stage.function)
