"""The commands that install from this index and publish to it, as people copy them."""

import shlex
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.utils.text import slugify


@dataclass(frozen=True, kw_only=True)
class Command:
    """What to type, or to put into a file, and where it belongs."""

    label: str
    text: str


def installing(root: str, requirement: str, *, source: str) -> list[Command]:
    """How to install a project, perhaps one version of it; ``source`` is what tools are to call this index.

    Credentials are not in the address: ``credentials`` says where tools take them from.
    """
    index, wanted = shlex.quote(f"{root}simple/"), shlex.quote(requirement)
    return [
        Command(label="pip", text=f"pip install --index-url {index} {wanted}"),
        Command(label="uv", text=f"uv add --index {source}={index} {wanted}"),
        Command(
            label="Poetry",
            # An explicit source is asked for nothing but what names it: no project of its is taken for another one.
            text=f"poetry source add --priority=explicit {source} {index}\npoetry add --source {source} {wanted}",
        ),
        Command(label="requirements.txt", text=f"--index-url {root}simple/\n{requirement}"),
    ]


def credentials(root: str, requirement: str, *, source: str) -> list[Command]:
    """How the commands of ``installing`` come by a token: each way is asked for nothing more by its tool."""
    scheme, _, rest = root.partition("://")
    variable = "UV_INDEX_" + source.upper().replace("-", "_")
    index = shlex.quote(f"{scheme}://__token__:TOKEN@{rest}simple/")
    return [
        Command(label="pip, in the address", text=f"pip install --index-url {index} {shlex.quote(requirement)}"),
        Command(
            label="pip and uv, in the file ~/.netrc",
            text=f"machine {urlsplit(root).hostname}\nlogin __token__\npassword TOKEN",
        ),
        Command(
            label="uv, in its environment",
            text=f"export {variable}_USERNAME=__token__\nexport {variable}_PASSWORD=TOKEN",
        ),
        Command(label="Poetry, once", text=f"poetry config http-basic.{source} __token__ TOKEN"),
    ]


def publishing(root: str, *, on_lambda: bool) -> list[Command]:
    """How to publish distribution files."""
    upload = shlex.quote(f"{root}legacy/")
    commands = [
        Command(label="twine", text=f"twine upload --repository-url {upload} dist/*"),
        Command(label="uv", text=f"uv publish --publish-url {upload}"),
    ]
    if on_lambda:
        direct = f"twine upload-direct --repository-url {upload} dist/*"
        commands.append(Command(label="twine, for files of more than 4 MB", text=direct))
    return commands


def source_name(service: str, stage: str) -> str:
    """What tools are to call this index in their settings."""
    name = slugify(f"{service} {stage}")
    # Poetry knows one index of this name.
    return name if name not in {"", "pypi"} else "private-index"
