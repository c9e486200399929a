"""``manage.py token``: credentials for programs."""

import argparse
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from packages import accounts
from packages.access import Scope
from packages.accounts import TokenInfo
from packages.accounts.tokens import LONGEST_LIFE
from packages.auth import TOKEN_USER
from packages.management.arguments import CommandGroup, Options, moment, operator, project_name

SCOPES = [scope.value for scope in Scope]


class Command(CommandGroup):
    """Make, list and revoke tokens."""

    help = (
        "Tokens: credentials for programs, each for some scopes, perhaps for some projects, perhaps for a while. "
        "A token may never do more than its account."
    )

    def add_commands(self) -> None:
        """Say which there are."""
        create = self.command(
            "create",
            self._create,
            "Make a token for an account. Its secret is shown once, alone on a line.",
            "token create carol --scope read",
            "token create carol --scope publish --project demo --expires-in-days 90 --description 'CI of demo'",
            "token create carol --scope read --scope publish --expires 2027-01-31 --quiet",
        )
        create.add_argument("account", help="the account it acts for")
        create.add_argument(
            "--scope",
            dest="scopes",
            choices=SCOPES,
            action="append",
            required=True,
            help="what it is for: read installs, publish uploads, manage does everything else; may be repeated, "
            "none includes another",
        )
        create.add_argument(
            "--project",
            dest="projects",
            metavar="PROJECT",
            type=project_name,
            action="append",
            help="the only project it is for; may be repeated; without it, it is for every project",
        )
        end = create.add_mutually_exclusive_group()
        end.add_argument(
            "--expires-in-days", metavar="N", type=days, help="how many days from now it is good; without it, for ever"
        )
        end.add_argument(
            "--expires", metavar="YYYY-MM-DD", type=day, help="the day at whose beginning, in UTC, it expires"
        )
        create.add_argument("--description", default="", help="a line that reminds you what it is for")
        create.add_argument("--quiet", action="store_true", help="show the secret and nothing else, for scripts")
        show_all = self.command("list", self._list, "List the tokens of an account.", "token list carol")
        show_all.add_argument("account", help="the account's name")
        show_all.add_argument("--json", action="store_true", help="as JSON, a line for each token")
        revoke = self.command("revoke", self._revoke, "End a token at once.", "token revoke 0f1e2d3c4b5a6978")
        revoke.add_argument("id", help="the token's id, as the list shows it; never its secret")

    def _create(self, options: Options) -> None:
        by = operator()
        expires = options["expires"]
        if options["expires_in_days"] is not None:
            expires = by.time + timedelta(days=options["expires_in_days"])
        secret, token = accounts.issue(
            options["account"],
            scopes={Scope(scope) for scope in options["scopes"]},
            projects=options["projects"] and frozenset(options["projects"]),
            expires=expires,
            description=options["description"],
            by=by,
        )
        if options["quiet"]:
            self.stdout.write(secret)
            return
        self.stdout.write(
            f"token {token.id} of {token.account}: {_scopes(token)}; {_projects(token)}; "
            f"expires {moment(token.expires)}\n\n{secret}\n\n"
            f"This is shown this once only: keep it. It is the password of the user name {TOKEN_USER}."
        )

    def _list(self, options: Options) -> None:
        tokens = accounts.tokens_of(options["account"], operator().actor)
        if options["json"]:
            for token in tokens:
                self.stdout.write(json.dumps(_as_json(token)))
            return
        rows = [
            (
                token.id,
                _scopes(token),
                _projects(token),
                moment(token.created),
                moment(token.expires),
                moment(token.last_used),
                token.description,
            )
            for token in sorted(tokens, key=lambda token: token.created)
        ]
        self.show_table([("id", "scopes", "projects", "created", "expires", "last used", "description"), *rows])

    def _revoke(self, options: Options) -> None:
        accounts.revoke(options["id"], by=operator())
        self.stdout.write(f"token {options['id']}: revoked")


def days(text: str) -> int:
    """A number of days."""
    if not re.fullmatch(r"[0-9]{1,4}", text) or not 0 < int(text) <= LONGEST_LIFE.days:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days from 1 to {LONGEST_LIFE.days}")
    return int(text)


def day(text: str) -> datetime:
    """The beginning of a day, in UTC."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day, as in 2027-01-31") from error


def _scopes(token: TokenInfo) -> str:
    return ", ".join(scope for scope in SCOPES if Scope(scope) in token.scopes)


def _projects(token: TokenInfo) -> str:
    return "every project" if token.projects is None else ", ".join(sorted(token.projects))


def _as_json(token: TokenInfo) -> dict[str, Any]:
    times = {"created": token.created, "expires": token.expires, "last_used": token.last_used}
    return {
        "id": token.id,
        "account": token.account,
        "description": token.description,
        "scopes": sorted(token.scopes),
        "projects": None if token.projects is None else sorted(token.projects),
        **{name: time and time.isoformat().replace("+00:00", "Z") for name, time in times.items()},
    }
