"""``manage.py role``: who owns, and who maintains a project."""

from packages import accounts, catalog, publishing
from packages.access import ProjectRole
from packages.management.arguments import CommandGroup, Options, operator, project_name

ROLES = [role.value for role in ProjectRole]


class Command(CommandGroup):
    """List, grant and revoke roles in projects."""

    help = (
        "Roles in projects. Maintainers publish, yank, remove and restore; owners also purge, set the status, and "
        "manage roles and trusted publishers. A new project belongs to the account that publishes its first file."
    )

    def add_commands(self) -> None:
        """Say which there are."""
        of_project = self.command("list", self._list, "List who has a role in a project.", "role list demo")
        of_project.add_argument("project", type=project_name, help="the project's name, however it is spelled")
        grant = self.command(
            "grant",
            self._grant,
            "Give an account a role in a project, in place of the one it has.",
            "role grant demo carol owner",
        )
        revoke = self.command("revoke", self._revoke, "Take an account's role away.", "role revoke demo carol")
        for parser in (grant, revoke):
            parser.add_argument("project", type=project_name, help="the project's name, however it is spelled")
            parser.add_argument("account", help="the account's name")
        grant.add_argument("role", choices=ROLES, help="what it is to the project")
        for parser in (grant, revoke):
            parser.add_argument(
                "--leave-ownerless",
                action="store_true",
                help="do it even to the last owner: then only administrators publish to the project",
            )
        of_account = self.command("of", self._of, "List the projects in which an account has a role.", "role of carol")
        of_account.add_argument("account", help="the account's name")

    def _list(self, options: Options) -> None:
        roles = publishing.roles_of(catalog.find_project(options["project"], removed_too=True))
        if not roles:
            self.stdout.write(f"{options['project']} has no owner: only administrators publish to it")
            return
        self.show_table([("account", "role"), *roles.items()])

    def _grant(self, options: Options) -> None:
        project, account, role = options["project"], options["account"], ProjectRole(options["role"])
        publishing.grant_role(project, account, role, by=operator(), leave_ownerless=options["leave_ownerless"])
        self.stdout.write(f"{account} is {role} of {project}")

    def _revoke(self, options: Options) -> None:
        project, account = options["project"], options["account"]
        publishing.revoke_role(project, account, by=operator(), leave_ownerless=options["leave_ownerless"])
        self.stdout.write(f"{account} has no role in {project} any more")

    def _of(self, options: Options) -> None:
        person = accounts.find(options["account"], operator().actor)
        roles = list(accounts.projects_of(person.name))
        if not roles:
            self.stdout.write(f"{person.name} has no role in any project")
            return
        self.show_table([("project", "role"), *roles])
