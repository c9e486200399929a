"""Who may use the index: accounts, their tokens, and trusted publishers."""

from packaging.utils import NormalizedName
from pynamodb.attributes import (
    BooleanAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    UTCDateTimeAttribute,
)

from packages.models.base import BRIEF, Item
from packages.models.projects import project_partition

# The beginnings of the partitions in which items may have an end: ``expires_at``, in Unix seconds.
EXPIRING = (BRIEF, "token#")


class Account(Item, discriminator="account"):
    """Who may log in, beside those whom the settings name."""

    name = UnicodeAttribute()
    # As Django's hashers write it; empty: nobody can log in by password.
    password = UnicodeAttribute(default="")
    # In lower-case hex: how a first account was kept that has not got a new password since. Its
    # password was made of 190 random bits, for which a plain digest is enough.
    password_sha256 = UnicodeAttribute(null=True)
    # The first accounts had no role, and were to administer.
    role = UnicodeAttribute(default="admin")
    disabled = BooleanAttribute(default=False)
    # Rises whenever open sessions are to end.
    session_version = NumberAttribute(default=0)
    created = UTCDateTimeAttribute(null=True)

    @staticmethod
    def key(name: str) -> tuple[str, str]:
        """Where the account lies."""
        return account_partition(name), "#"


class Sessions(Item, discriminator="sessions"):
    """The session version of an account that the settings name, which has no item of its own."""

    version = NumberAttribute(default=0)

    @staticmethod
    def key(name: str) -> tuple[str, str]:
        """Where it lies: beside where the account would."""
        return account_partition(name), "sessions"


class AccountEntry(Item, discriminator="account-entry"):
    """An account in the list of all accounts."""

    name = UnicodeAttribute()

    PARTITION = "directory#account"

    @staticmethod
    def key(name: str) -> tuple[str, str]:
        """Where the account's entry lies."""
        return AccountEntry.PARTITION, name


class Membership(Item, discriminator="membership"):
    """An account's role in a project, beside the account; the project's own sets are what counts."""

    account = UnicodeAttribute()
    project = UnicodeAttribute()
    role = UnicodeAttribute()

    PREFIX = "project#"

    @staticmethod
    def key(account: str, project: NormalizedName) -> tuple[str, str]:
        """Where the membership lies."""
        return account_partition(account), Membership.PREFIX + project


class Token(Item, discriminator="token"):
    """A token, by its id; of its secret only the digest is kept.

    Acts for an account, or (``publisher``) for a trusted publisher of each project in ``projects``.
    """

    id = UnicodeAttribute()
    # In lower-case hex.
    sha256 = UnicodeAttribute()
    account = UnicodeAttribute(default="")
    publisher = UnicodeAttribute(default="")
    # Of an account of the settings: its name and its password there, as accounts/stored.py binds the token
    # to them. None: it was made for an account of the index, or before this was kept.
    fixed = UnicodeAttribute(null=True)
    description = UnicodeAttribute(default="")
    scopes = UnicodeSetAttribute()
    # Normalised names; None: every project.
    projects = UnicodeSetAttribute(null=True)
    created = UTCDateTimeAttribute()
    # Unix seconds, after which it is refused, and may be deleted; None: never.
    expires_at = NumberAttribute(null=True)
    last_used = UTCDateTimeAttribute(null=True)

    @staticmethod
    def key(token_id: str) -> tuple[str, str]:
        """Where the token lies."""
        return f"token#{token_id}", "#"


class TokenEntry(Item, discriminator="token-entry"):
    """That an account has a token, beside the account."""

    id = UnicodeAttribute()

    PREFIX = "token#"

    @staticmethod
    def key(account: str, token_id: str) -> tuple[str, str]:
        """Where the entry lies."""
        return account_partition(account), TokenEntry.PREFIX + token_id


class Failures(Item, discriminator="failures"):
    """How often somebody failed to log in, within a window that ends at ``expires_at`` (Unix seconds)."""

    number = NumberAttribute(default=0)
    expires_at = NumberAttribute()

    @staticmethod
    def key(who: str) -> tuple[str, str]:
        """Where the count lies; ``who`` is an account, an address, or both."""
        return f"{BRIEF}failures#{who}", "#"


class Publisher(Item, discriminator="publisher"):
    """A trusted publisher of a project: which workload at which issuer may publish to it without an account.

    ``pending``: registered before there was such a project, which it may create for ``registered_by``.
    """

    id = UnicodeAttribute()
    project = UnicodeAttribute()
    # The kind of its issuer (github, gitlab, google, oidc), the issuer's address, and what publishers are looked up by.
    provider = UnicodeAttribute()
    issuer = UnicodeAttribute()
    subject = UnicodeAttribute()
    # What its tokens must claim: a JSON object, as its provider reads it.
    claims = UnicodeAttribute()
    registered_by = UnicodeAttribute()
    created = UTCDateTimeAttribute()
    pending = BooleanAttribute(default=False)

    PREFIX = "publisher#"

    @staticmethod
    def key(project: NormalizedName, publisher_id: str) -> tuple[str, str]:
        """Where the publisher lies: beside its project, outside the rows' query."""
        return project_partition(project), Publisher.PREFIX + publisher_id


class PublisherEntry(Item, discriminator="publisher-entry"):
    """A publisher among those of its issuer and subject."""

    id = UnicodeAttribute()
    project = UnicodeAttribute()

    @staticmethod
    def partition(issuer: str, subject: str) -> str:
        """The partition that holds every publisher of a subject."""
        return f"publisher#{issuer}#{subject}"

    @staticmethod
    def key(issuer: str, subject: str, project: NormalizedName, publisher_id: str) -> tuple[str, str]:
        """Where the entry lies."""
        return PublisherEntry.partition(issuer, subject), f"{project}#{publisher_id}"


class PendingEntry(Item, discriminator="pending-entry"):
    """That an account has registered a pending publisher, beside the account; the publisher itself is what counts."""

    id = UnicodeAttribute()
    project = UnicodeAttribute()

    PREFIX = "pending#"

    @staticmethod
    def key(account: str, project: NormalizedName, publisher_id: str) -> tuple[str, str]:
        """Where the entry lies."""
        return account_partition(account), f"{PendingEntry.PREFIX}{project}#{publisher_id}"


class Spent(Item, discriminator="spent"):
    """An identity token that was used, until it has expired (``expires_at``, Unix seconds)."""

    expires_at = NumberAttribute()

    @staticmethod
    def key(issuer: str, jti: str) -> tuple[str, str]:
        """Where it lies; ``jti`` is the token's own identifier."""
        return f"{BRIEF}spent#{issuer}#{jti}", "#"


def account_partition(name: str) -> str:
    """The partition that holds an account, its tokens' ids, its projects and its pending publishers."""
    return f"account#{name}"
