"""Changes to the index: publish, yank, remove, set a project's status.

Every change is one transaction: the rows, the project's serial, its line in the list of projects,
and the number of the change, which is the next one of the whole index. So a change is there
whole or not at all, a client's retry has nothing to repair, serials become visible in their
order (a mirror that has seen *s* has missed nothing before it), and a page rendered for a
serial is never short. What comes before the transaction are only objects that nobody sees yet.
"""

from packages.publishing.curation import forget, remove, set_status, unyank, yank
from packages.publishing.direct import Announced, Reservation, finalize, reserve
from packages.publishing.publication import Arrived, Received, publish, too_large

__all__ = [
    "Announced",
    "Arrived",
    "Received",
    "Reservation",
    "finalize",
    "forget",
    "publish",
    "remove",
    "reserve",
    "set_status",
    "too_large",
    "unyank",
    "yank",
]
