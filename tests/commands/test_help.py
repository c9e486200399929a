"""The helps of the commands: complete, and with examples that work."""

import argparse
import shlex
from collections.abc import Iterator

import pytest
from django.core.management import get_commands, load_command_class

COMMANDS = sorted(name for name, app in get_commands().items() if app == "packages")
GROUPS = ["account", "journal", "publisher", "role", "token"]


def parser_of(command: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = load_command_class("packages", command).create_parser("manage.py", command)
    return parser


def commands_of(group: str) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for action in parser_of(group)._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.items()


IN_GROUPS = [pytest.param(parser, id=f"{group} {name}") for group in GROUPS for name, parser in commands_of(group)]


def test_there_are_these_groups() -> None:
    assert {group: [name for name, _ in commands_of(group)] for group in COMMANDS if list(commands_of(group))} == {
        "account": ["create", "list", "show", "role", "disable", "enable", "password", "delete"],
        "journal": ["list", "export", "seal", "verify"],
        "publisher": ["add", "list", "remove"],
        "role": ["list", "grant", "revoke", "of"],
        "token": ["create", "list", "revoke"],
    }


@pytest.mark.parametrize("command", COMMANDS)
def test_says_what_every_command_does(command: str) -> None:
    parser = parser_of(command)
    assert parser.description
    assert parser.description.endswith((".", ")."))
    assert parser.format_help().isascii()


@pytest.mark.parametrize("group", GROUPS)
def test_says_what_each_command_of_a_group_does(group: str) -> None:
    shown = parser_of(group).format_help()
    assert f"More about each: manage.py {group} COMMAND --help" in shown
    assert all(f"\n    {name} " in shown for name, _ in commands_of(group))


@pytest.mark.parametrize("parser", IN_GROUPS)
def test_explains_every_option(parser: argparse.ArgumentParser) -> None:
    assert parser.description
    assert parser.format_help().isascii()
    assert [action.dest for action in parser._actions if not action.help] == []


@pytest.mark.parametrize("parser", IN_GROUPS)
def test_shows_examples_that_can_be_typed(parser: argparse.ArgumentParser) -> None:
    assert parser.epilog
    examples = parser.epilog.partition("for example:\n")[2].splitlines()
    assert examples
    for example in examples:
        # What comes behind < and > is the shell's.
        words = shlex.split(example.partition(" <")[0].partition(" >")[0])
        assert words[:3] == parser.prog.split()
        parser.parse_args(words[3:])
