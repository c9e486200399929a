"""``manage.py publisher``: who may publish to a project without an account of this index."""

import argparse
import json
from typing import Any

from django.core.management.base import CommandError

from packages import trusted
from packages.management.arguments import CommandGroup, Options, moment, operator, project_name
from packages.trusted import PublisherInfo
from packages.trusted.claims import PROVIDERS, fields_of

# As long as the longest name of a field.
_WIDTH = max(len(field) for provider in PROVIDERS for field in fields_of(provider))


class Command(CommandGroup):
    """Add, list and remove trusted publishers."""

    help = (
        "Trusted publishers: jobs of GitHub, GitLab and others that publish to a project by an identity token, "
        "without a secret of this index. See docs/trusted-publishing.md."
    )

    def add_commands(self) -> None:
        """Say which there are."""
        add = self.command(
            "add",
            self._add,
            "Let a job publish to a project; also to one that is not there yet, which its first publication creates.",
            "publisher add demo github repository_owner=octo-org repository=demo repository_owner_id=583231 "
            "workflow_filename=release.yml environment=pypi",
            "publisher add new-demo gitlab namespace=group/sub project=demo workflow_filepath=.gitlab-ci.yml "
            "--owner carol",
            "publisher add demo oidc sub=organization:octo:pipeline:demo branch=main --issuer https://issuer.example",
        )
        add.epilog = f"{_explained()}\n\n{add.epilog}"
        add.add_argument("project", type=project_name, help="the project's name, however it is spelled")
        add.add_argument("provider", choices=PROVIDERS, help="the kind of issuer")
        add.add_argument("fields", nargs="+", metavar="FIELD=VALUE", type=pair, help="which job it is; see below")
        add.add_argument("--issuer", metavar="URL", help="which issuer of that kind, if there are several")
        add.add_argument(
            "--owner", metavar="ACCOUNT", help="whom the project will belong to; needed where there is none yet"
        )
        show = self.command("list", self._list, "List the trusted publishers of a project.", "publisher list demo")
        show.add_argument("project", type=project_name, help="the project's name, however it is spelled")
        show.add_argument("--json", action="store_true", help="as JSON, a line for each")
        remove = self.command(
            "remove",
            self._remove,
            "End a registration, and with it at once the tokens that were made by it.",
            "publisher remove demo 0f1e2d3c4b5a6978",
        )
        remove.add_argument("project", type=project_name, help="the project's name, however it is spelled")
        remove.add_argument("id", help="the publisher's id, as the list shows it")

    def _add(self, options: Options) -> None:
        fields = dict(options["fields"])
        if len(fields) < len(options["fields"]):
            raise CommandError("A field is given twice.")
        info = trusted.register(
            options["project"],
            options["provider"],
            fields,
            by=operator(),
            issuer=options["issuer"],
            owner=options["owner"],
        )
        then = f"; {info.project} is not there yet, and will belong to {info.registered_by}" if info.pending else ""
        self.stdout.write(f"publisher {info.id} of {info.project}: added{then}")

    def _list(self, options: Options) -> None:
        found = trusted.publishers_of(options["project"], operator().actor)
        if options["json"]:
            for info in found:
                self.stdout.write(json.dumps(_as_json(info)))
            return
        if not found:
            self.stdout.write(f"{options['project']} has no trusted publisher")
            return
        rows = [
            (
                info.id,
                info.provider,
                info.issuer,
                " ".join(f"{name}={value}" for name, value in info.fields.items()),
                f"creates it for {info.registered_by}" if info.pending else f"added by {info.registered_by}",
                moment(info.created),
            )
            for info in found
        ]
        self.show_table([("id", "provider", "issuer", "job", "", "added"), *rows])

    def _remove(self, options: Options) -> None:
        trusted.withdraw(options["project"], options["id"], by=operator())
        self.stdout.write(f"publisher {options['id']} of {options['project']}: removed")


def pair(text: str) -> tuple[str, str]:
    """A field and its value."""
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not FIELD=VALUE, as in repository=demo")
    return name, value


def _explained() -> str:
    """Which fields each kind of issuer has."""
    lines = ["fields:"]
    for provider in PROVIDERS:
        lines.append(f"  {provider}")
        lines += [f"    {name:{_WIDTH}}  {takes}" for name, takes in fields_of(provider).items()]
        if provider == "oidc":
            lines.append(f"    {'any other':{_WIDTH}}  the value of the claim of that name, to the letter")
    return "\n".join(lines)


def _as_json(info: PublisherInfo) -> dict[str, Any]:
    return {
        "id": info.id,
        "project": info.project,
        "provider": info.provider,
        "issuer": info.issuer,
        "fields": dict(info.fields),
        "registered_by": info.registered_by,
        "created": info.created.isoformat().replace("+00:00", "Z"),
        "pending": info.pending,
    }
