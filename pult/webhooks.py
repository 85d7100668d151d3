"""Sources that post to us, as the settings name them."""

from collections.abc import Mapping

from producers.identity import CallerKeys
from producers.webhooks.limits import Rate
from producers.webhooks.mapping import mapping
from producers.webhooks.receiver import Hook, HookSource, Receiver
from producers.webhooks.scheme import NAMED
from producers.webhooks.signatures import Check
from pult.settings import Settings
from pult.source_settings import WebhookSettings
from schemas.errors import SettingsInvalid


def receiver(settings: Settings, keys: CallerKeys) -> Receiver | None:
    """Return what listens for all that is posted, None if nothing is.

    Raises:
        PortTaken: another process listens there.
    """
    if not any(entry.webhook for entry in settings.sources.values()):
        return None
    http = settings.http
    return Receiver(http.webhook_host or http.host, http.webhook_port, keys.sealed)


def hook_source(
    name: str, entry: WebhookSettings, environ: Mapping[str, str], listening: Receiver
) -> HookSource:
    """Return a source that posts to a receiver.

    Raises:
        SettingsInvalid: no signature is named, or a secret of it is not set.
    """
    return listening.add(hook(name, entry, environ))


def hook(name: str, entry: WebhookSettings, environ: Mapping[str, str]) -> Hook:
    """Return how a source may post.

    Raises:
        SettingsInvalid: no signature is named, or a secret of it is not set.
    """
    where = f"sources.{name}.webhook"
    meant = mapping(entry.mapping)
    scheme = NAMED[entry.signature] if entry.signature else meant.signature
    if scheme is None:
        msg = f"{where}: the mapping {entry.mapping} names no signature; set signature"
        raise SettingsInvalid(msg)
    secrets = []
    for variable in entry.secret_names:
        if not environ.get(variable):
            msg = f"environment variable {variable} ({where}.secret_env) is not set"
            raise SettingsInvalid(msg)
        secrets.append(environ[variable])
    return Hook(
        name=name,
        check=Check(scheme, secrets, where, meant.hidden),
        largest_bytes=entry.largest_bytes,
        rate=Rate(entry.rate),
        headers=tuple(each.lower() for each in meant.headers),
        id_header=meant.id_header.lower(),
        public_url=entry.public_url,
    )
