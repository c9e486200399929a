"""An index in which there is one of everything that a page shows."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from tests.browser.conftest import ADMIN, PASSWORD, PUBLISHER, READER, TIMEOUT, make_account, publish
from tests.builders import a_wheel, an_sdist
from tests.journeys.server import Index, serving

README = """
# Demo

It *shows* what a page can show. See [the documentation](https://docs.example/).

![A picture](https://images.example/picture.png)

## Installing

```python
import demo  # as always
print(demo.answer(42), "or so")
```

| Column | Another one that is quite long, and does not want to be broken into pieces |
|--------|------------------------|
| `one`  | two                    |

> Somebody said so.

1. First
2. Second

    a line of code that is so long that it has to be scrolled to be read to its end, because nobody breaks it
"""
ABOUT: dict[str, Any] = {
    "metadata_version": "2.4",
    "summary": "A project that has everything a project can have",
    "author": "Ada Example",
    "author_email": "ada@example.org",
    "license_expression": "MIT",
    "keywords": "demo,example",
    "requires_python": ">=3.9",
    "requires_dist": ["requests>=2", "kitten-01; python_version < '3.12'", "pytest; extra == 'test'"],
    "provides_extra": ["test"],
    "project_url": ["Documentation, https://docs.example/", "Source, https://code.example/demo"],
    "classifier": ["Programming Language :: Python :: 3", "Topic :: Software Development"],
    "description_content_type": "text/markdown",
    "body": README,
}
NATIVE = "cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64"
STATUSES = ("archived", "deprecated", "quarantined")


def tell(index: Index, method: str, path: str, **body: Any) -> dict[str, Any]:
    """Ask the API for something, as the administrator."""
    response = requests.request(method, index.at(f"api/{path}"), json=body, auth=index.auth, timeout=TIMEOUT)
    assert response.ok, response.text
    found: dict[str, Any] = response.json()
    return found


@contextmanager
def filled(folder: Path) -> Iterator[Index]:
    """Run such an index; whoever comes may read it."""
    variables = {"PUBLIC_READ": "true", "SERVICE": "Example packages"}
    with serving(folder, username=ADMIN, password=PASSWORD, **variables) as index:
        make_account(index, PUBLISHER, "publisher")
        make_account(index, READER, "reader")
        make_account(index, "former.colleague@example.org", "publisher")
        tell(index, "PATCH", "accounts/former.colleague@example.org", disabled=True)
        _publish(index)
        _curate(index)
        yield index


def _publish(index: Index) -> None:
    for version in ("0.9", "1.0", "1.1", "2.0rc1"):
        publish(index, a_wheel("demo", version, **ABOUT), an_sdist("demo", version, **ABOUT))
    publish(index, a_wheel("demo", "1.1", tag=NATIVE, **ABOUT))
    publish(
        index, a_wheel("an-example-project-whose-name-is-much-longer-than-any-name-ought-to-be", "2026.11.25.post1")
    )
    # More than a page of them.
    publish(index, *(a_wheel(f"kitten-{number:02}", summary=f"Kitten number {number}") for number in range(55)))
    for status in (*STATUSES, "gone", "emptied"):
        publish(index, a_wheel(f"demo-{status}", summary=f"A project that is {status}"))


def _curate(index: Index) -> None:
    for status in STATUSES:
        tell(index, "PUT", f"projects/demo-{status}/status", status=status, reason="Look for another one.")
    tell(index, "PUT", f"projects/demo/roles/{PUBLISHER}", role="maintainer")
    tell(index, "POST", "projects/demo/releases/0.9/yank", reason="It forgets what it was told.")
    tell(index, "POST", f"projects/demo/files/demo-1.1-{NATIVE}.whl/yank", reason="Built for the wrong system.")
    tell(index, "DELETE", "projects/demo/releases/2.0rc1")
    tell(index, "DELETE", "projects/demo-gone")
    tell(index, "DELETE", "projects/demo-emptied/releases/1.0")
    tell(index, "POST", "tokens", scopes=["publish", "read"], projects=["demo"], description="CI of demo")
    tell(index, "POST", "tokens", scopes=["read"], account=PUBLISHER, description="The laptop of Pia")
    fields = {
        "repository_owner": "example",
        "repository": "demo",
        "repository_owner_id": "1",
        "workflow_filename": "release.yml",
    }
    for project in ("demo", "not-there-yet"):
        tell(index, "POST", f"projects/{project}/publishers", provider="github", fields=fields)
