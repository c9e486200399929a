"""Who may do what: pure rules over an actor and an action."""

from dataclasses import dataclass
from enum import Enum


class Action(Enum):
    """What can be done to the index; the value completes 'may not …'."""

    READ = "read from this index"
    PUBLISH = "publish to this index"


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who makes a request: an account, or nobody in particular."""

    name: str
    anonymous: bool = False


ANONYMOUS = Actor(name="anonymous", anonymous=True)


def may(actor: Actor, action: Action, *, public_read: bool) -> bool:
    """Say whether the actor may do this: accounts may; others may read where reading is public."""
    return not actor.anonymous or (public_read and action is Action.READ)
