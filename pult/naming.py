"""Whose events the sources of the settings tell, and how to read what they said."""

from producers.frame import Naming, Translation
from producers.identity import CallerKeys
from producers.webhooks.mapping import mapping
from producers.webhooks.translate import Translator
from pult.settings import Settings


def naming(settings: Settings, keys: CallerKeys) -> Naming:
    """Return whose events the sources tell, and how to read what they post.

    Raises:
        MappingInvalid: a mapping is not there, or says what none can say.
    """
    known: dict[str, Translation] = {
        name: Translator(mapping(entry.webhook.mapping), people(settings))
        for name, entry in settings.sources.items()
        if entry.webhook is not None
    }
    return Naming(settings.tenant, settings.tenant, keys, known)


def people(settings: Settings) -> dict[str, str]:
    """Return what else people are called, and who they are (`ids` of an agent)."""
    return {each: name for name, agent in settings.agents.items() for each in agent.ids}
