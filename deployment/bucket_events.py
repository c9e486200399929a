"""The bucket tells the function what is dropped into it and what is deleted from it.

The zip knows by Zappa's ``events`` which of our functions such an event is for. The bucket is
told here: Zappa would stop its messages during every update, add one more permission each
time until Lambda takes no more, and go on when it failed.
"""

import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from botocore.exceptions import ClientError

from deployment.commands import Failed
from deployment.stage import Stage

# A permission is not known everywhere at once.
_TRIES, _PAUSE_SECONDS = 10, 3


def is_one(event: Mapping[str, Any]) -> bool:
    """Say whether one of Zappa's ``events`` comes from a bucket."""
    return ":s3:::" in event.get("event_source", {}).get("arn", "")


def listen(stage: Stage) -> None:
    """Have the bucket tell the function; what it tells others stays as it is. Raises Failed."""
    for event in filter(is_one, stage.settings["events"]):
        bucket, kinds = _bucket_of(event), event["event_source"]["events"]
        _permit(stage, bucket)
        _tell(stage, bucket, {"Id": stage.function, "LambdaFunctionArn": _arn(stage), "Events": kinds})


def ignore(stage: Stage) -> bool:
    """Have the bucket tell the function no more; says whether it did."""
    told = [_tell(stage, _bucket_of(event), None) for event in filter(is_one, stage.settings["events"])]
    return any(told)


def _bucket_of(event: Mapping[str, Any]) -> str:
    bucket: str = event["event_source"]["arn"].rpartition(":")[2]
    return bucket


def _arn(stage: Stage) -> str:
    arn: str = stage.client("lambda").get_function_configuration(FunctionName=stage.function)["FunctionArn"]
    return arn


def _permit(stage: Stage, bucket: str) -> None:
    """Let the bucket, as long as it is ours, invoke the function."""
    client = stage.client("lambda")
    # A conflict: it was permitted before.
    with suppress(client.exceptions.ResourceConflictException):
        client.add_permission(
            FunctionName=stage.function,
            StatementId=f"bucket-{bucket.replace('.', '_')}",
            Action="lambda:InvokeFunction",
            Principal="s3.amazonaws.com",
            SourceArn=f"arn:{stage.partition}:s3:::{bucket}",
            SourceAccount=stage.account,
        )


def _tell(stage: Stage, bucket: str, told: Mapping[str, Any] | None) -> bool:
    """Replace what the bucket tells the function; says whether it told it anything before."""
    client = stage.client("s3")
    try:
        wanted = client.get_bucket_notification_configuration(Bucket=bucket)
    except client.exceptions.NoSuchBucket:
        return False
    del wanted["ResponseMetadata"]
    before = wanted.pop("LambdaFunctionConfigurations", [])
    others = [each for each in before if each["Id"] != stage.function]
    functions = [*others, told] if told else others
    if functions != before:
        _put(client, bucket, {**wanted, **({"LambdaFunctionConfigurations": functions} if functions else {})})
    return others != before


def _put(client: Any, bucket: str, wanted: Mapping[str, Any]) -> None:
    for attempt in range(1, _TRIES + 1):
        try:
            client.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=wanted)
            return
        except ClientError as error:
            message = error.response["Error"].get("Message", "")
            if "Unable to validate" not in message or attempt == _TRIES:
                raise Failed(f"The bucket {bucket} cannot tell the function what happens in it: {message}") from error
        time.sleep(_PAUSE_SECONDS)
