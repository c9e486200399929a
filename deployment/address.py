"""Where the function is reached: its own URL, or API Gateway."""

import json
from contextlib import suppress
from typing import Any

from deployment.commands import Failed
from deployment.stage import Stage

# Under these names Zappa looks for the permissions before it would add its own.
_ANSWER, _INVOKE = "FunctionURLAllowPublicAccess", "FunctionURLAllowPublicAccessInvoke"


def open_up(stage: Stage) -> None:
    """Give the function its URL, open to everybody; who may do what is the index's own affair.

    Lambda wants two permissions for it. Zappa 0.63 grants the second one without the condition
    that the call came through the URL: any AWS account could then invoke the function itself,
    with events that Zappa's handler takes for commands to run.
    """
    if not stage.settings["function_url_enabled"]:
        return
    client = stage.client("lambda")
    authorizer = stage.settings["function_url_config"]["authorizer"]
    # A conflict: it has one.
    with suppress(client.exceptions.ResourceConflictException):
        client.create_function_url_config(FunctionName=stage.function, AuthType=authorizer)
    if authorizer != "NONE":
        return
    granted = _statements(stage)
    if _INVOKE in granted and "lambda:InvokedViaFunctionUrl" not in json.dumps(granted[_INVOKE].get("Condition", {})):
        client.remove_permission(FunctionName=stage.function, StatementId=granted.pop(_INVOKE)["Sid"])
    everybody = {"FunctionName": stage.function, "Principal": "*"}
    if _ANSWER not in granted:
        client.add_permission(
            **everybody, StatementId=_ANSWER, Action="lambda:InvokeFunctionUrl", FunctionUrlAuthType="NONE"
        )
    if _INVOKE not in granted:
        client.add_permission(
            **everybody, StatementId=_INVOKE, Action="lambda:InvokeFunction", InvokedViaFunctionUrl=True
        )


def refuse_another_door(stage: Stage) -> None:
    """Refuse to put API Gateway in the place of a deployed function's URL, which Zappa cannot do. Raises Failed."""
    client = stage.client("lambda")
    if stage.settings["use_apigateway"]:
        with suppress(client.exceptions.ResourceNotFoundException):
            client.get_function_url_config(FunctionName=stage.function)
            raise Failed(
                f"{stage.name} is deployed with a function URL. Run make undeploy STAGE={stage.name} first; nothing "
                "published is lost, but its address will be another one."
            )


def close(stage: Stage) -> None:
    """Take the function's URL away."""
    client = stage.client("lambda")
    with suppress(client.exceptions.ResourceNotFoundException):
        client.delete_function_url_config(FunctionName=stage.function)


def address_of(stage: Stage) -> str:
    """The index's address, with a slash at its end. Raises Failed if it has none."""
    if not stage.settings["use_apigateway"]:
        url: str = stage.client("lambda").get_function_url_config(FunctionName=stage.function)["FunctionUrl"]
        return url.rstrip("/") + "/"
    resource = "Api" if stage.settings.get("apigateway_version", "v1") == "v1" else "ApiV2"
    client = stage.client("cloudformation")
    try:
        found = client.describe_stack_resource(StackName=stage.function, LogicalResourceId=resource)
    except client.exceptions.ClientError as error:
        raise Failed(
            f"The function {stage.function} was deployed without API Gateway; to change over, remove it first: "
            f"make undeploy STAGE={stage.name}"
        ) from error
    api = found["StackResourceDetail"]["PhysicalResourceId"]
    return f"https://{api}.execute-api.{stage.region}.amazonaws.com/{stage.name}/"


def _statements(stage: Stage) -> dict[str, Any]:
    """What the function's policy permits, by the statements' names."""
    client = stage.client("lambda")
    try:
        policy = json.loads(client.get_policy(FunctionName=stage.function)["Policy"])
    except client.exceptions.ResourceNotFoundException:
        return {}
    return {statement["Sid"]: statement for statement in policy["Statement"]}
