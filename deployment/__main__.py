"""``python -m deployment deploy|undeploy STAGE``: put the index on AWS, or take it off."""

import signal
import sys
from collections.abc import Callable
from typing import NoReturn

from botocore.exceptions import BotoCoreError, ClientError

from deployment.commands import Failed, say
from deployment.deploy import deploy
from deployment.undeploy import undeploy

COMMANDS: dict[str, Callable[[str], None]] = {"deploy": deploy, "undeploy": undeploy}


def main(arguments: list[str]) -> None:
    """Run one command; whatever goes wrong ends it with a sentence."""
    if len(arguments) != 2 or arguments[0] not in COMMANDS:
        sys.exit(f"usage: python -m deployment {'|'.join(COMMANDS)} STAGE")
    # Settings with secrets in them are deleted on this way out, too.
    signal.signal(signal.SIGTERM, _end)
    command, stage = arguments
    try:
        COMMANDS[command](stage)
    except Failed as failure:
        if failure.shown:
            say(failure.shown)
        sys.exit(f"error: {failure}")
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"error: AWS did not do what was asked of it: {error}")
    except OSError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        print(f"\ninterrupted; make {command} STAGE={stage} goes on from here", file=sys.stderr)
        sys.exit(130)


def _end(number: int, _: object) -> NoReturn:
    sys.exit(128 + number)


if __name__ == "__main__":
    main(sys.argv[1:])
