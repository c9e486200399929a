"""A stage: what it is called, where it lies, and what zappa_settings.json says of it."""

import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectionError

from deployment.commands import Failed

ROOT = Path(__file__).resolve().parent.parent

# The Pythons that Lambda runs and Zappa knows.
OLDEST_PYTHON, NEWEST_PYTHON = (3, 11), (3, 14)

# AWS answers some of these calls late while much is going on.
_PATIENT = Config(retries={"mode": "standard", "total_max_attempts": 6})


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A stage in an account and a region. ``settings`` are Zappa's, with its names filled in."""

    name: str
    account: str
    region: str
    partition: str
    settings: Mapping[str, Any]

    @property
    def function(self) -> str:
        """The Lambda function's name; Zappa composes it the same way."""
        return f"{self.settings['project_name']}-{self.name}"

    @property
    def variables(self) -> Mapping[str, str]:
        """The function's variables that are no secrets."""
        variables: Mapping[str, str] = self.settings["aws_environment_variables"]
        return variables

    @property
    def bucket(self) -> str:
        """The bucket of the packages."""
        return self.variables["BUCKET"]

    @property
    def table(self) -> str:
        """The table of the index."""
        return self.variables["TABLE"]

    @property
    def role(self) -> str:
        """The name of the role that the function acts in."""
        return str(self.settings["role_name"])

    @property
    def log_group(self) -> str:
        """Where Lambda keeps the function's log."""
        return f"/aws/lambda/{self.function}"

    @property
    def folder(self) -> Path:
        """Where the stage is built."""
        return build_folder(self.name)

    @property
    def zip(self) -> Path:
        """What is deployed."""
        return zip_file(self.name, str(self.settings["project_name"]))

    def client(self, service: str) -> Any:
        """A client of an AWS service in the stage's region."""
        return boto3.client(service, region_name=self.region, config=_PATIENT)

    def fill_in(self, template: str) -> str:
        """A text with the stage's names in place of {table}, {bucket} and the like."""
        names = {"table": self.table, "bucket": self.bucket, "function": self.function}
        return _filled(template, {**_places(self.name, self.account, self.region, self.partition), **names})


def build_folder(name: str) -> Path:
    """Where a stage is built; nothing in it is worth keeping."""
    return ROOT / "build" / name


def zip_file(name: str, project: str = "elastic-pypi") -> Path:
    """What is deployed to a stage: build/dev/elastic-pypi-dev.zip."""
    return build_folder(name) / f"{project}-{name}.zip"


def recognise(name: str) -> Stage:
    """Find out whose account this is, and which region. Raises Failed with what is missing."""
    settings = _settings_of(name)
    if not OLDEST_PYTHON <= sys.version_info[:2] <= NEWEST_PYTHON:
        oldest, newest = (".".join(map(str, version)) for version in (OLDEST_PYTHON, NEWEST_PYTHON))
        raise Failed(
            f"Lambda runs Python {oldest} to {newest}, and this is {sys.version_info[0]}.{sys.version_info[1]}; "
            f"begin again with another one: make clean deploy STAGE={name} PYTHON=python{newest}"
        )
    region, account, partition = _whereabouts()
    filled = _filled_in(settings, _places(name, account, region, partition))
    return Stage(name=name, account=account, region=region, partition=partition, settings=filled)


def _settings_of(name: str) -> dict[str, Any]:
    """A stage's settings as they are written, with those that it extends."""
    stages = json.loads((ROOT / "zappa_settings.json").read_text())
    if name not in stages or not re.fullmatch(r"[a-z][a-z0-9-]{0,15}", name):
        known = " or ".join(f"STAGE={stage}" for stage in stages)
        given = f"STAGE is {name!r}, which zappa_settings.json does not have" if name else "STAGE is not set"
        raise Failed(f"{given}; say {known}.")
    settings: dict[str, Any] = {}
    extends: str | None = name
    while extends:
        settings = {**stages[extends], **settings}
        extends = stages[extends].get("extends")
    settings.pop("extends", None)
    if missing := {"BUCKET", "TABLE"} - settings["aws_environment_variables"].keys():
        raise Failed(
            f"{' and '.join(sorted(missing))} must stand under aws_environment_variables of {name} in "
            "zappa_settings.json: what a stage says there replaces all of what it extends."
        )
    return settings


def _whereabouts() -> tuple[str, str, str]:
    """Region, account and partition, by AWS's own word."""
    try:
        region = boto3.Session().region_name or os.environ.get("AWS_REGION", "")
        if not region:
            raise Failed("No region is set; say which one, for example: export AWS_DEFAULT_REGION=eu-central-1")
        if not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-[0-9]", region):
            raise Failed(f"The region {region!r} is none of AWS's; they are called like eu-central-1.")
        identity = boto3.client("sts", region_name=region, config=_PATIENT).get_caller_identity()
    except ClientError as error:
        raise Failed(f"AWS does not accept these credentials ({error.response['Error']['Code']}).") from error
    except ConnectionError as error:
        raise Failed(f"AWS cannot be reached: {str(error).rstrip('.')}.") from error
    except BotoCoreError as error:
        raise Failed(
            f"AWS cannot be asked who you are ({str(error).rstrip('.')}); set AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, as for any AWS tool."
        ) from error
    return region, identity["Account"], identity["Arn"].split(":")[1]


def _places(name: str, account: str, region: str, partition: str) -> dict[str, str]:
    return {"stage": name, "account": account, "region": region, "partition": partition}


def _filled_in(value: Any, names: Mapping[str, str]) -> Any:
    """A value of JSON with the names in all of its texts."""
    match value:
        case str():
            return _filled(value, names)
        case list():
            return [_filled_in(item, names) for item in value]
        case dict():
            return {key: _filled_in(item, names) for key, item in value.items()}
    return value


def _filled(template: str, names: Mapping[str, str]) -> str:
    # str.format would stumble over the braces of JSON.
    for name, value in names.items():
        template = template.replace(f"{{{name}}}", value)
    return template
