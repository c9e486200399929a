"""Settings: every environment variable is read here, once, by readers that refuse odd values at start."""

import os
import re
import secrets
import socket
from collections.abc import Collection
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
ROLES = ("reader", "publisher", "admin")
# Kinds of issuers that there may be more of, and those that everybody knows.
ISSUERS = ("github", "gitlab", "oidc")
WELL_KNOWN_ISSUERS = {
    "https://token.actions.githubusercontent.com": "github",
    "https://gitlab.com": "gitlab",
    "https://accounts.google.com": "google",
}


# Readers. Each takes a variable's name and says in a sentence what it would have accepted.


def text(name: str, default: str = "") -> str:
    """The variable without surrounding space; an empty one counts as not set."""
    return os.environ.get(name, "").strip() or default


def boolean(name: str, default: bool) -> bool:
    """Any usual spelling of a boolean."""
    value = text(name)
    if not value:
        return default
    if value.lower() in {"1", "true", "t", "yes", "y", "on"}:
        return True
    if value.lower() in {"0", "false", "f", "no", "n", "off"}:
        return False
    raise ImproperlyConfigured(f"{name} is {value!r}; it takes true or false (also 1/0, yes/no, on/off).")


def integer(name: str, default: int, *, least: int, most: int) -> int:
    """A whole number within bounds."""
    value = text(name)
    if not value:
        return default
    if not re.fullmatch(r"[0-9]{1,18}", value) or not least <= int(value) <= most:
        raise ImproperlyConfigured(f"{name} is {value!r}; it takes a whole number from {least} to {most}.")
    return int(value)


def byte_size(name: str, default: int) -> int:
    """A number of bytes, also with a unit: 500MB, 2GB (powers of ten) or 64MiB, 2GiB (powers of two)."""
    value = text(name)
    if not value:
        return default
    match = re.fullmatch(r"([0-9]{1,15})\s*([kmgt]?)(i?)b?", value, flags=re.IGNORECASE)
    if not match or int(match[1]) == 0 or (match[3] and not match[2]):
        raise ImproperlyConfigured(f"{name} is {value!r}; it takes a size such as 104857600, 500MB or 2GiB.")
    return int(match[1]) * (1024 if match[3] else 1000) ** " kmgt".index(match[2].lower() or " ")


def names(name: str) -> list[str]:
    """A comma-separated list."""
    return [item.strip() for item in text(name).split(",") if item.strip()]


def choice(name: str, default: str, accepted: Collection[str]) -> str:
    """One of a few words."""
    value = text(name, default).lower()
    if value not in accepted:
        raise ImproperlyConfigured(f"{name} is {value!r}; it takes one of {', '.join(accepted)}.")
    return value


def networks(name: str) -> list[IPv4Network | IPv6Network]:
    """A comma-separated list of IP addresses and networks."""
    try:
        return [ip_network(item) for item in names(name)]
    except ValueError as error:
        raise ImproperlyConfigured(
            f"{name} is {text(name)!r}; it takes IP addresses or networks, as in 127.0.0.1,10.0.0.0/8."
        ) from error


def directory(name: str, default: Path) -> Path:
    """A folder's absolute path; ``~`` is the home of who runs this."""
    value = text(name)
    try:
        return Path(value).expanduser().absolute() if value else default
    except RuntimeError as error:
        raise ImproperlyConfigured(f"{name} is {value!r}; there is no such home, write the whole path.") from error


def address(name: str) -> str:
    """An http or https address that ends with a slash; empty if it is not set."""
    value = text(name)
    if value and not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", value):
        raise ImproperlyConfigured(f"{name} is {value!r}; it takes an address such as https://packages.example/pypi/.")
    return value and value.rstrip("/") + "/"


def issuers(name: str) -> dict[str, str]:
    """A comma-separated list of ``kind=address``: the kinds of issuers of identity tokens, by their addresses."""
    found: dict[str, str] = {}
    for item in names(name):
        kind, _, issuer = (part.strip() for part in item.partition("="))
        wire = r"https://[A-Za-z0-9.:\[\]-]+"
        loopback = r"http://(localhost|127\.[0-9.]+|\[::1\])(:[0-9]+)?"
        path = r"(/[A-Za-z0-9._~/%-]*)?"
        if kind not in ISSUERS or not re.fullmatch(rf"({wire}|{loopback}){path}", issuer) or len(issuer) > 200:
            raise ImproperlyConfigured(
                f"{name} has {item!r}; it takes {', '.join(ISSUERS)} with the address that the issuer's tokens name, "
                "as in gitlab=https://gitlab.example.org,oidc=https://issuer.example/ "
                "(by http only on this machine itself, as in oidc=http://127.0.0.1:8080)."
            )
        if found.setdefault(issuer, kind) != kind or issuer in WELL_KNOWN_ISSUERS:
            raise ImproperlyConfigured(f"{name} has {issuer} twice, or names one that is built in; name it once.")
    return found


def slug(words: str) -> str:
    """Words as one plain word."""
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")[:100]


class FixedAccount(NamedTuple):
    """An account that the settings name."""

    password: str
    role: str = "admin"


def accounts() -> dict[str, FixedAccount]:
    """Accounts by user name, from USERS (``name:password,…``, ``name=role:password,…``) and USERNAME with PASSWORD.

    Without a role each may do everything, as it was in elasticpypi.
    """
    found: dict[str, FixedAccount] = {}
    given = []
    for entry in names("USERS"):
        # Only the first colon separates: a password may hold more of them.
        username, colon, password = entry.partition(":")
        if not colon:
            raise ImproperlyConfigured("USERS takes name:password pairs joined by commas; one entry has no ':'.")
        username, equals, role = username.partition("=")
        if equals and role.strip() not in ROLES:
            raise ImproperlyConfigured(
                "USERS gives an account a role that there is not; "
                f"write name:password or name=role:password, where the role is one of {', '.join(ROLES)}."
            )
        given.append(("USERS", username.strip(), FixedAccount(password, role.strip() or "admin")))
    # Desktop sessions set USERNAME on their own, so without PASSWORD it says nothing.
    password = os.environ.get("PASSWORD", "")
    if password:
        username = text("USERNAME")
        if not username:
            raise ImproperlyConfigured("PASSWORD is set without USERNAME; set both, or neither.")
        given.append(("USERNAME", username, FixedAccount(password)))
    for variable, username, account in given:
        if not username or ":" in username or not account.password:
            raise ImproperlyConfigured(f"{variable} has an account without a name or password; both must be given.")
        if len(username) > 255 or len(account.password) > 1024:
            raise ImproperlyConfigured(f"{variable} has a name of over 255 or a password of over 1024 characters.")
        if username in found:
            raise ImproperlyConfigured(f"{variable} gives the account {username!r} a second time.")
        if username in {"__token__", "anonymous", "operator", "bucket"}:
            raise ImproperlyConfigured(f"{variable} has an account {username!r}; that name has a meaning of its own.")
        found[username] = account
    return found


def secret_key() -> str:
    """SECRET_KEY, or the one kept in DATA_DIR, made there at the first start (mode 0600)."""
    given = text("SECRET_KEY")
    if given:
        if len(given) < 32:
            raise ImproperlyConfigured("SECRET_KEY is too short; it takes 32 characters or more, chosen at random.")
        return given
    path = DATA_DIR / "secret-key"
    try:
        DATA_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
        kept = path.read_text().strip() if path.exists() else ""
        if not kept:
            # Written whole under a name of its own and then linked: of two first starts one key wins.
            draft = path.with_name(f"secret-key.{secrets.token_hex(8)}")
            draft.touch(mode=0o600)
            draft.write_text(secrets.token_urlsafe(48))
            try:
                os.link(draft, path)
            except FileExistsError:
                if not path.read_text().strip():
                    # Somebody's empty file, not another start's key.
                    draft.replace(path)
            except OSError:
                # A file system without links.
                draft.replace(path)
            finally:
                draft.unlink(missing_ok=True)
            kept = path.read_text().strip()
        return kept
    except OSError as error:
        raise ImproperlyConfigured(
            f"DATA_DIR {str(DATA_DIR)!r} cannot be written ({error.strerror}); "
            "set DATA_DIR to a folder that can, or set SECRET_KEY."
        ) from error


# Where it runs: on AWS when BUCKET and TABLE are set, else on this machine alone.

BUCKET = text("BUCKET")
TABLE = text("TABLE")
# An emulator or another provider; AWS tools read these variables too.
S3_ENDPOINT = text("AWS_ENDPOINT_URL_S3", text("AWS_ENDPOINT_URL"))
if bool(BUCKET) != bool(TABLE):
    raise ImproperlyConfigured("BUCKET and TABLE go together: set both (S3 and DynamoDB), or neither (DATA_DIR).")
DATA_DIR = directory("DATA_DIR", BASE_DIR / "data")

# The first three are Lambda's, and which of them there are is its affair; the last one is Zappa's.
ON_LAMBDA = (
    any(text(name) for name in ("AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT"))
    or text("SERVERTYPE") == "AWS Lambda"
)

SERVICE = text("SERVICE", "elastic pypi")
STAGE = text("STAGE")
if not re.fullmatch(r"[\w .-]{0,64}", SERVICE, flags=re.ASCII) or not re.fullmatch(r"[\w.-]{0,64}", STAGE, re.ASCII):
    raise ImproperlyConfigured("SERVICE and STAGE take up to 64 letters, digits, '.', '_' and '-'.")

HOST = text("HOST", "127.0.0.1")
PORT = integer("PORT", 8000, least=0, most=65535)
# Django's own check knows names only; ours (packages.middleware.KnownHost) knows addresses too.
ALLOWED_HOSTS = ["*"]
# Where people reach it, if a proxy stands in front: for the few answers that need whole addresses.
PUBLIC_URL = address("PUBLIC_URL")
# A proxy takes the path away before it hands a request on; what pages link to begins with it. (Zappa says it itself.)
FORCE_SCRIPT_NAME = (not ON_LAMBDA and unquote(urlsplit(PUBLIC_URL).path).rstrip("/")) or None
KNOWN_HOSTS = names("ALLOWED_HOSTS") or ["localhost", socket.gethostname().lower(), HOST.lower()]
if ON_LAMBDA and not names("ALLOWED_HOSTS"):
    # AWS alone gives these names, and only after a deployment; to others' it sends no request of ours.
    KNOWN_HOSTS += [".on.aws", ".amazonaws.com"]
if PUBLIC_URL:
    KNOWN_HOSTS.append(str(urlsplit(PUBLIC_URL).hostname))
# A page elsewhere can point a name of its own here (DNS rebinding), but not an address.
KNOWN_BY_ADDRESS = not names("ALLOWED_HOSTS")

# Who may use it. Nothing here has a default: without accounts `manage.py serve` makes the first one.

SECRET_KEY = secret_key()
ACCOUNTS = accounts()
PUBLIC_READ = boolean("PUBLIC_READ", False)
# Who may publish under a name that no project has yet.
CREATE_PROJECTS = choice("CREATE_PROJECTS", "publishers", ["publishers", "admins"])
# How long what was removed can be restored.
RESTORE_DAYS = integer("RESTORE_DAYS", 30, least=0, most=3650)
# Whose X-Forwarded-For is believed.
TRUSTED_PROXIES = networks("TRUSTED_PROXIES")
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
OVERWRITE = boolean("OVERWRITE", False)
# Whether browsers fetch the images that READMEs show from wherever they lie, which tells those who looks at them.
README_IMAGES = boolean("README_IMAGES", False)

# Trusted publishing. An audience is also a part of a variable's name in GitLab: short and plain.

TRUSTED_PUBLISHING = boolean("TRUSTED_PUBLISHING", True)
TRUSTED_ISSUERS = {**WELL_KNOWN_ISSUERS, **issuers("TRUSTED_ISSUERS")}
OIDC_AUDIENCE = text("OIDC_AUDIENCE", slug(f"{SERVICE} {STAGE}") or "elastic-pypi")
if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}", OIDC_AUDIENCE):
    raise ImproperlyConfigured(
        f"OIDC_AUDIENCE is {OIDC_AUDIENCE!r}; it takes up to 100 letters, digits and '._:/-', such as pypi.example.org."
    )

# Sizes, in bytes. STREAM_LIMIT is what one Lambda response (6 MB of base64) can carry.

MAX_UPLOAD_SIZE = byte_size("MAX_UPLOAD_SIZE", 2 * 1024**3)
STREAM_LIMIT = byte_size("STREAM_LIMIT", 4 * 1024**2)

# The metadata fields of an upload: a README of some megabytes, thousands of classifiers and requirements.
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024**2
DATA_UPLOAD_MAX_NUMBER_FIELDS = 100_000
# An uploaded file waits beside the place it goes to, so that publishing it is a link, not a copy.
FILE_UPLOAD_TEMP_DIR = None if BUCKET else str(DATA_DIR / "incoming")
# The folder is made when the first upload comes.
SILENCED_SYSTEM_CHECKS = ["files.E001"]

# Django.

DEBUG = False
INSTALLED_APPS = ["packages"]
DATABASES: dict[str, dict[str, str]] = {}
ROOT_URLCONF = "pypi_project.urls"
WSGI_APPLICATION = "pypi_project.wsgi.application"
# Uploads and pages answer with and without the last slash themselves: clients refuse redirects.
APPEND_SLASH = False
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "packages.middleware.WholeBodies",
    "packages.middleware.KnownHost",
    "packages.middleware.OwnPages",
    "packages.middleware.Refusals",
]
SECURE_REFERRER_POLICY = "same-origin"
# People's sessions: all that is kept of them is a signed cookie (packages.sessions).
# Its name is of this index: browsers send the cookies of a host to all that answers there, at whatever port.
SESSION_COOKIE_NAME = slug(f"{SERVICE} {STAGE} session")
SESSION_COOKIE_AGE = 14 * 24 * 60 * 60
# As the stylesheet calls them: success, warning, error.
MESSAGE_TAGS = {25: "good", 30: "warn", 40: "bad"}
CSRF_USE_SESSIONS = True
CSRF_FAILURE_VIEW = "packages.views.answers.forged"
if PUBLIC_URL:
    # A proxy that ends TLS hands on what looks like another origin.
    CSRF_TRUSTED_ORIGINS = ["{0.scheme}://{0.netloc}".format(urlsplit(PUBLIC_URL))]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {"context_processors": []},
    }
]
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False

if BUCKET:
    _FILES = {
        "BACKEND": "packages.storage.bucket.BucketStorage",
        "OPTIONS": {"bucket_name": BUCKET},
    }
else:
    _FILES = {
        "BACKEND": "packages.storage.folder.FolderStorage",
        "OPTIONS": {"location": str(DATA_DIR / "storage")},
    }
STORAGES = {"default": _FILES}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "packages": {"level": "INFO"},
        # A client's mistakes are answered to the client; the log is for ours.
        "django": {"handlers": [], "level": "ERROR", "propagate": True},
        "django.security": {"level": "CRITICAL"},
    },
}
