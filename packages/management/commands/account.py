"""``manage.py account``: who may log in, beside those whom the settings name."""

import json
from typing import Any

from packages import accounts, publishing
from packages.access import Role
from packages.accounts import Person
from packages.management.arguments import (
    ONCE,
    CommandGroup,
    Options,
    add_password_options,
    given_password,
    moment,
    operator,
)

ROLES = [role.value for role in Role]


class Command(CommandGroup):
    """Make, show, change and delete accounts."""

    help = (
        "Accounts: who may log in. A reader installs, a publisher also creates projects and publishes to its own, "
        "an admin may do everything. Accounts of USERS and USERNAME are shown here, and changed in the settings."
    )

    def add_commands(self) -> None:
        """Say which there are."""
        create = self.command(
            "create",
            self._create,
            "Make an account. Its password is made too, and shown once, unless you give one.",
            "account create carol --role publisher",
            "account create mirror --role reader --password-stdin < FILE",
        )
        create.add_argument("name", help="up to 64 of a-z, 0-9 and '._@+-'")
        create.add_argument("--role", choices=ROLES, required=True, help="what it may do")
        add_password_options(create)
        show_all = self.command("list", self._list, "List every account.", "account list", "account list --json")
        show_all.add_argument("--json", action="store_true", help="as JSON, a line for each account")
        show = self._about_one("show", self._show, "Show an account, its projects and how many tokens it has.")
        show.add_argument("--json", action="store_true", help="as one line of JSON")
        role = self._about_one("role", self._role, "Change an account's role, at once.", "reader")
        role.add_argument("role", choices=ROLES, help="what it may do from now on")
        self._about_one(
            "disable", self._disable, "Let an account in no more, neither by password nor by token; it can be enabled."
        )
        self._about_one("enable", self._enable, "Let a disabled account in again, with its password and its tokens.")
        password = self._about_one(
            "password",
            self._password,
            "Give an account a new password; it is made and shown once, unless you give one. Its tokens stay.",
        )
        add_password_options(password)
        delete = self._about_one(
            "delete", self._delete, "Delete an account with its tokens. What it published stays published."
        )
        delete.add_argument(
            "--leave-ownerless",
            action="store_true",
            help="first take its roles in projects away, even where it is the last owner: only "
            "administrators publish to such a project, until it has an owner again (role grant)",
        )

    def _about_one(self, command: str, run: Any, does: str, rest: str = "") -> Any:
        parser = self.command(command, run, does, f"account {command} carol {rest}".rstrip())
        parser.add_argument("name", help="the account's name")
        return parser

    def _create(self, options: Options) -> None:
        role = Role(options["role"])
        person, made = accounts.create(options["name"], role=role, password=given_password(options), by=operator())
        self._say(person, f"created, {role}", made)

    def _list(self, options: Options) -> None:
        people = accounts.everybody(operator().actor)
        if options["json"]:
            for person in people:
                self.stdout.write(json.dumps(_as_json(person)))
            return
        rows = [(person.name, person.role, _state(person), moment(person.created, "")) for person in people]
        self.show_table([("account", "role", "state", "created"), *rows])

    def _show(self, options: Options) -> None:
        by = operator().actor
        person = accounts.find(options["name"], by)
        projects = {project: role.value for project, role in accounts.projects_of(person.name)}
        tokens = sum(1 for _ in accounts.tokens_of(person.name, by))
        if options["json"]:
            self.stdout.write(json.dumps({**_as_json(person), "projects": projects, "tokens": tokens}))
            return
        self.stdout.write(f"account   {person.name}\nrole      {person.role}\nstate     {_state(person)}")
        if person.created:
            self.stdout.write(f"created   {moment(person.created)}")
        listed = ", ".join(f"{project} ({role})" for project, role in projects.items())
        self.stdout.write(f"projects  {listed or 'none'}\ntokens    {tokens}")

    def _role(self, options: Options) -> None:
        person = accounts.change(options["name"], role=Role(options["role"]), by=operator())
        self._say(person, f"its role is {person.role}")

    def _disable(self, options: Options) -> None:
        self._say(accounts.change(options["name"], disabled=True, by=operator()), "disabled")

    def _enable(self, options: Options) -> None:
        self._say(accounts.change(options["name"], disabled=False, by=operator()), "enabled")

    def _password(self, options: Options) -> None:
        by = operator()
        person = accounts.find(options["name"], by.actor)
        made = accounts.set_password(person.name, given_password(options), by=by)
        self._say(person, "has a new password", made)

    def _delete(self, options: Options) -> None:
        by = operator()
        person = accounts.find(options["name"], by.actor)
        # One of the settings' is not deleted, and keeps its roles.
        if options["leave_ownerless"] and not person.fixed:
            for project, role in list(accounts.projects_of(person.name)):
                publishing.revoke_role(project, person.name, by=by, leave_ownerless=True)
                self.stdout.write(f"account {person.name}: no {role} of {project} any more")
        accounts.delete(person.name, by=by)
        self._say(person, "deleted")

    def _say(self, person: Person, done: str, made: str | None = None) -> None:
        self.stdout.write(f"account {person.name}: {done}")
        if made is not None:
            self.stdout.write(f"\n{ONCE.format(person.name, made)}")


def _state(person: Person) -> str:
    if person.fixed:
        return "of the settings"
    return "disabled" if person.disabled else "enabled"


def _as_json(person: Person) -> dict[str, Any]:
    return {
        "name": person.name,
        "role": person.role,
        "disabled": person.disabled,
        "fixed": person.fixed,
        "created": person.created and person.created.isoformat().replace("+00:00", "Z"),
    }
