"""What is said of AWS when it cannot be used."""

import boto3
import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from packages import storage
from packages.errors import Unavailable
from packages.models import Item
from packages.store import store
from tests.conftest import BUCKET


@pytest.mark.parametrize("home", ["aws"], indirect=True)
def test_says_that_there_is_no_table(home: str, settings: Settings) -> None:
    client = boto3.client("dynamodb")
    client.update_table(TableName=Item.Meta.table_name, DeletionProtectionEnabled=False)
    client.delete_table(TableName=Item.Meta.table_name)
    settings.ACCOUNTS = {}
    with pytest.raises(CommandError, match=r"cannot be used: there is no such table; make provision makes it"):
        call_command("first_account")


@pytest.mark.parametrize("home", ["aws"], indirect=True)
def test_says_that_there_is_no_bucket(home: str, settings: Settings) -> None:
    options = {"bucket_name": f"{BUCKET}-that-is-not-there"}
    settings.STORAGES = {"default": {"BACKEND": "packages.storage.bucket.BucketStorage", "OPTIONS": options}}
    with pytest.raises(Unavailable, match=r"The file storage cannot be used: there is no such bucket"):
        storage.read("files/x")


def test_says_that_no_region_is_set(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setattr(Item, "_connection", None)
    settings.TABLE = Item.Meta.table_name
    with pytest.raises(Unavailable, match="no AWS region is set; set AWS_DEFAULT_REGION"):
        store().get(("pk", "sk"))
