"""What the clients of S3 and DynamoDB have in common."""

from typing import Any

from packages.patience import is_over


def give_up_in_time(events: Any) -> None:
    """Let the clients of these events of botocore try nothing again once a request's patience is over."""
    events.register_first("needs-retry", _veto)


def _veto(**_: Any) -> bool | None:
    # The first answer that is not None counts, and False ends it: with the error that there was.
    return False if is_over() else None
