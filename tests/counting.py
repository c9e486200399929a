"""How often AWS is asked, and for what."""

from collections import Counter
from typing import Any

import pytest
from botocore.client import BaseClient


class Calls(list[str]):
    """Operations of AWS, in their order."""

    def since(self) -> dict[str, int]:
        """How many of each there were since the last look."""
        seen = dict(Counter(self))
        self.clear()
        return seen


def counting(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """The operations from now on."""
    calls = Calls()
    make_api_call = BaseClient._make_api_call

    def counted(client: BaseClient, operation: str, arguments: Any) -> Any:
        calls.append(operation)
        return make_api_call(client, operation, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", counted)
    return calls
