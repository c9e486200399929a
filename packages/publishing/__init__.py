"""Changes to the index: publish, yank, remove, set a project's status.

Every change is one transaction: the rows, the project's serial, its line in the list of projects,
the number of the change, which is the next one of the whole index, and its entry in the journal. So a change is there
whole or not at all, a client's retry has nothing to repair, serials become visible in their
order (a mirror that has seen *s* has missed nothing before it), and a page rendered for a
serial is never short. What comes before the transaction are only objects that nobody sees yet.
"""

from packages.publishing.curation import set_status, unyank, yank
from packages.publishing.direct import Announced, Reservation, finalize, reserve
from packages.publishing.outlook import Outlook, look_ahead
from packages.publishing.publication import Arrived, Received, publish, too_large
from packages.publishing.removal import forget, purge, purge_overdue, remove, restorable_until, restore
from packages.publishing.roles import grant_role, revoke_role, roles_of

__all__ = [
    "Announced",
    "Arrived",
    "Outlook",
    "Received",
    "Reservation",
    "finalize",
    "forget",
    "grant_role",
    "look_ahead",
    "publish",
    "purge",
    "purge_overdue",
    "remove",
    "reserve",
    "restorable_until",
    "restore",
    "revoke_role",
    "roles_of",
    "set_status",
    "too_large",
    "unyank",
    "yank",
]
