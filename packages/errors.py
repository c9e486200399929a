"""Every way the index says no: full sentences for the person at the other end.

Rooms raise these; only entry points (views, commands) turn them into a status or an exit code.
"""


class PackagesError(Exception):
    """The base of every refusal; its text may be shown to the person who asked."""


class InvalidUpload(PackagesError):
    """The upload's form is not what the legacy upload API asks for."""


class RetiredAction(InvalidUpload):
    """The upload names an ``:action`` that indexes stopped serving long ago."""


class UploadTooLarge(PackagesError):
    """The file is larger than ``MAX_UPLOAD_SIZE``."""


class InvalidDistribution(PackagesError):
    """The file is not a wheel or sdist that this index can serve."""


class FileAlreadyExists(PackagesError):
    """The filename is taken by other bytes."""


class NotFound(PackagesError):
    """What was asked for is not in the index."""


class NotAuthenticated(PackagesError):
    """Credentials are missing or wrong."""


class NotAllowed(PackagesError):
    """The actor is known, and may not do this; with ``of_project`` to a project, whose owners may help."""

    def __init__(self, message: str, *, of_project: bool = False) -> None:
        super().__init__(message)
        self.of_project = of_project


class TooManyAttempts(PackagesError):
    """Too many wrong passwords came from there, or for this account; ``seconds`` says how long to wait."""

    def __init__(self, message: str, seconds: int) -> None:
        super().__init__(message)
        self.seconds = seconds


class InvalidRequest(PackagesError):
    """What was sent is not what this address, or command, takes."""


class Conflict(PackagesError):
    """It would contradict what is there: a name is taken, a project would be left without an owner."""


class Unavailable(PackagesError):
    """The storage or the index did not answer; the same request may succeed in a moment."""


class Lost(Unavailable):
    """Storage answers, and does not have the object at ``key``, which the index knows: no moment will bring it back."""

    def __init__(self, message: str, key: str) -> None:
        super().__init__(message)
        self.key = key
