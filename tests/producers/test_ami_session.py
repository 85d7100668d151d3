"""What a session makes of answers, whose questions they name by ActionID."""

import re

from producers.asterisk.session import AmiSession, Credentials

WELCOME = (
    b"Asterisk Call Manager/11.0.0\r\n"
    b"Response: Success\r\nMessage: Authentication accepted\r\n\r\n"
)
REFUSED = b"Response: Error\r\n%sMessage: Permission denied\r\n\r\n"


def logged_in() -> AmiSession:
    session = AmiSession(Credentials("pult", "secret", "plain", "the settings"), "pult-1")
    session.receive(WELCOME)
    session.outgoing()
    return session


def test_a_refusal_that_names_no_question_is_of_none_that_was_not_asked() -> None:
    session = logged_in()

    session.receive(REFUSED % b"")

    assert (session.phase, session.refusal, session.no_channels) == ("in", "", "")


def test_a_refusal_is_of_the_question_that_it_names() -> None:
    session = logged_in()
    session.ask_snapshot()
    channels, queues = re.findall(rb"ActionID: [^\r]+\r\n", session.outgoing())

    session.receive(REFUSED % channels)
    assert (session.refusal, session.no_channels) == ("", "Permission denied")

    session.receive(REFUSED % queues)
    assert session.refusal == "Permission denied"
