"""Deploying: every step in order, each of which may be repeated."""

import re
import sys
from collections.abc import Mapping

from deployment import environment, packing, role, smoke
from deployment.address import address_of, refuse_another_door
from deployment.commands import index_environment, run, say
from deployment.function import deployed_variables, new_variables, put_up
from deployment.stage import ROOT, Stage, recognise

STEPS = 9


def deploy(name: str) -> None:
    """Put a stage on AWS, or bring it up to date. Raises Failed; then the next run does what is left."""
    stage = recognise(name)
    _step(1, f"stage {stage.name} in account {stage.account}, region {stage.region}")
    deployed = deployed_variables(stage)
    if deployed is not None:
        refuse_another_door(stage)
    say(f"function {stage.function}\nbucket   {stage.bucket}\ntable    {stage.table}\nrole     {stage.role}")

    _step(2, f"a clean environment with requirements.txt, for Python {sys.version_info[0]}.{sys.version_info[1]}")
    environment.prepare(stage)

    _step(3, "compiling")
    environment.compile_all(stage)

    _step(4, f"packing {stage.zip.relative_to(ROOT)}")
    say(packing.pack(stage))

    _step(5, "the function's role")
    role_arn, new = role.make_role(stage)
    say(f"role {stage.role}: {'created' if new else 'exists; its policy is up to date'}")

    variables = new_variables(stage, deployed)
    effective = {**(deployed or {}), **variables}
    _step(6, "table and bucket")
    _manage(stage, "provision", effective)

    _step(7, f"{'deploying' if deployed is None else 'updating'} the function")
    put_up(stage, role_arn, variables, exists=deployed is not None)
    address = address_of(stage)
    say(f"function {stage.function}: {'deployed' if deployed is None else 'updated'}\naddress {address}")

    _step(8, "the first account")
    account = _account_in(_manage(stage, "first_account", effective))

    _step(9, "asking the index")
    for line in smoke.ask(stage, address, effective, account):
        say(line)
    _show_how_to_use_it(address, account)


def _step(number: int, text: str) -> None:
    say(f"{number}/{STEPS} {text}", indent=0)


def _manage(stage: Stage, command: str, variables: Mapping[str, str]) -> str:
    """Run one of the operator's commands as the function would run it, and show what it says."""
    where = {"AWS_DEFAULT_REGION": stage.region, "AWS_REGION": stage.region}
    return run(
        [environment.python_of(stage), "manage.py", command],
        doing=f"manage.py {command}",
        environment=index_environment(**variables, **where),
        folder=environment.source_of(stage),
        aloud=True,
    )


def _account_in(shown: str) -> smoke.Account | None:
    """The account that was just made, if one was."""
    found = re.search(r"^\s*user\s+(\S+)\n\s*password\s+(\S+)$", shown, flags=re.MULTILINE)
    return (found[1], found[2]) if found else None


def _show_how_to_use_it(address: str, account: smoke.Account | None) -> None:
    user = account[0] if account else "USER"
    simple = address.replace("://", f"://{user}:PASSWORD@", 1) + "simple/"
    say(
        f"\n{address} is up. Install from it and publish to it:\n\n"
        f"  pip install --index-url {simple} NAME\n"
        f"  uv pip install --index-url {simple} NAME\n"
        f"  twine upload --repository-url {address}legacy/ -u {user} -p PASSWORD dist/*\n\n"
        "Files of more than 4 MB, which Lambda does not let through (pip install ./clients/twine-upload-direct):\n\n"
        f"  twine upload-direct --repository-url {address}legacy/ -u {user} -p PASSWORD dist/*\n",
        indent=0,
    )
