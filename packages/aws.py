"""What the clients of S3 and DynamoDB have in common."""

from typing import Any

from packages.patience import is_over

# What trying again does not help against, by botocore's or AWS's name for it.
_CURES = {
    "NoRegionError": "no AWS region is set; set AWS_DEFAULT_REGION",
    "NoCredentialsError": "the index has no AWS credentials; set them as for any AWS tool",
    "ResourceNotFoundException": "there is no such table; make provision makes it",
    "NoSuchBucket": "there is no such bucket; make provision makes it",
    "UnrecognizedClientException": "AWS does not accept the index's credentials",
    "InvalidAccessKeyId": "AWS does not accept the index's credentials",
    "AccessDeniedException": "AWS does not let the index do this",
    "AccessDenied": "AWS does not let the index do this",
}


def give_up_in_time(events: Any, service: str) -> None:
    """Let a service's clients, by their botocore events, try nothing again once a request's patience is over."""
    # botocore's own answer is registered for the service: one for all services would be asked after it.
    events.register_first(f"needs-retry.{service}", _veto)


def _veto(**_: Any) -> bool | None:
    # The first answer that is not None counts, and False ends it: with the error that there was.
    return False if is_over() else None


def sentence(what: str, reason: str) -> str:
    """What to say when a part of AWS cannot be used, for a reason that has a name."""
    if reason in _CURES:
        return f"{what} cannot be used: {_CURES[reason]} ({reason})."
    return f"{what} cannot be used right now ({reason}); try again in a moment."
