"""Who may do what."""

import pytest

from packages.access import ANONYMOUS, Action, Actor, may

ALICE = Actor(name="alice")


@pytest.mark.parametrize(
    ("actor", "action", "public_read", "allowed"),
    [
        (ALICE, Action.READ, False, True),
        (ALICE, Action.READ, True, True),
        (ALICE, Action.PUBLISH, False, True),
        (ALICE, Action.PUBLISH, True, True),
        (ANONYMOUS, Action.READ, True, True),
        pytest.param(ANONYMOUS, Action.READ, False, False, id="nobody reads a private index"),
        pytest.param(ANONYMOUS, Action.PUBLISH, False, False, id="nobody publishes to a private index"),
        pytest.param(ANONYMOUS, Action.PUBLISH, True, False, id="public to read is not public to write"),
    ],
)
def test_says_who_may_do_what(actor: Actor, action: Action, public_read: bool, allowed: bool) -> None:
    assert may(actor, action, public_read=public_read) is allowed


def test_an_account_named_anonymous_is_an_account() -> None:
    assert may(Actor(name="anonymous"), Action.PUBLISH, public_read=False)


@pytest.mark.parametrize("action", Action)
def test_an_actions_words_complete_the_sentence_of_a_refusal(action: Action) -> None:
    assert action.value.endswith(" this index")
