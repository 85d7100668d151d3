"""The half hour folded in each of three ways, once for all tests of this folder."""

import pytest

from tests.lab import recording
from tests.lab.recording import Folded


@pytest.fixture(scope="session")
def by_ami() -> Folded:
    """The manager interface alone."""
    return recording.fold(recording.ami())


@pytest.fixture(scope="session")
def by_log() -> Folded:
    """The queue log alone."""
    return recording.fold(recording.log())


@pytest.fixture(scope="session")
def by_both() -> Folded:
    """Both feeds of the one source."""
    return recording.fold(recording.merged(recording.ami(), recording.log()))
