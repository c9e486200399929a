"""What the clients of S3 and DynamoDB have in common."""

from typing import Any

from packages.patience import is_over


def give_up_in_time(events: Any, service: str) -> None:
    """Let a service's clients, by their botocore events, try nothing again once a request's patience is over."""
    # botocore's own answer is registered for the service: one for all services would be asked after it.
    events.register_first(f"needs-retry.{service}", _veto)


def _veto(**_: Any) -> bool | None:
    # The first answer that is not None counts, and False ends it: with the error that there was.
    return False if is_over() else None
