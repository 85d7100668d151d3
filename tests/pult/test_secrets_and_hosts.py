"""Settings and secrets as editors, shells and people write them."""

import asyncio
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp import web

from producers.asterisk.wire import Address
from pult import clickhouse, kafka
from pult.folder import DataFolder
from pult.server_settings import ClickHouseSettings, KafkaSettings
from pult.settings import load, parse
from pult.source_settings import AmiSettings
from pult.sources import ami_access
from pult.web import listen
from schemas.errors import PortTaken, PultFailure, SettingsInvalid

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# As `os.environ` holds a variable whose bytes are Windows-1251 (PEP 383).
CYRILLIC = os.fsdecode("пароль".encode("cp1251"))


def test_settings_may_begin_with_a_byte_order_mark_as_editors_of_windows_write_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "pult.toml"
    path.write_bytes(BYTE_ORDER_MARK + b'tenant = "north"\r\n')

    assert load(path).tenant == "north"


def test_a_password_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_bytes(BYTE_ORDER_MARK + b"horse\r\n")

    told = clickhouse.server(ClickHouseSettings(password_file=path), {})

    assert told.password == "horse"


@pytest.mark.parametrize(
    ("secret", "why"), [(CYRILLIC, "not UTF-8"), ("a\n", "a line end")], ids=["bytes", "lines"]
)
@pytest.mark.parametrize(
    "setting", ["kafka.password_env", "clickhouse.password_env", "sources.pbx1.ami.secret_env"]
)
def test_a_secret_that_cannot_be_sent_is_one_line_with_its_setting(
    setting: str, secret: str, why: str
) -> None:
    environ = {"SECRET": secret}
    sasl = KafkaSettings(protocol="sasl_plaintext", username="u", password_env="SECRET")
    store, pbx = ClickHouseSettings(password_env="SECRET"), AmiSettings(secret_env="SECRET")
    use: dict[str, Callable[[], object]] = {
        "kafka.password_env": lambda: kafka.librdkafka(sasl, environ),
        "clickhouse.password_env": lambda: clickhouse.server(store, environ),
        "sources.pbx1.ami.secret_env": lambda: ami_access("sources.pbx1.ami", pbx, environ),
    }

    with pytest.raises(SettingsInvalid) as refused:
        use[setting]()

    assert f"environment variable SECRET ({setting})" in str(refused.value)
    assert why in str(refused.value)
    assert secret not in str(refused.value)


def test_a_key_of_callers_that_is_not_utf_8_is_one_line(tmp_path: Path) -> None:
    with (
        DataFolder(tmp_path, "tests") as folder,
        pytest.raises(PultFailure, match=r"SECRET \(privacy\.secret_env\).*UTF-8"),
    ):
        folder.caller_secret({"SECRET": CYRILLIC}, "SECRET")


def test_an_address_of_ipv6_may_stand_in_brackets() -> None:
    text = '[http]\nhost = "[::1]"\n[sources.a]\nkind = "asterisk"\nami = { host = "[::1]" }\n'

    found = parse(text, "pult.toml")

    ami = found.sources["a"].ami
    assert ami is not None
    assert (found.http.host, ami.host) == ("::1", "::1")
    assert str(Address(ami.host, 5038, "sources.a.ami")) == "[::1]:5038"


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_that_is_not_ours_names_the_host_and_no_other_port(host: str) -> None:
    # TEST-NET-1 of RFC 5737 is nobody's, the domain of RFC 2606 nowhere.
    with pytest.raises(PortTaken) as refused:
        asyncio.run(listen(web.Application(), host, 0, "the wall", "--port"))

    assert str(refused.value).startswith(f"cannot serve the wall at {host}:0: ")
    assert str(refused.value).endswith("; check http.host")


def test_a_port_that_is_taken_names_its_option() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match="--port names another port"):
            asyncio.run(listen(web.Application(), "127.0.0.1", port, "the wall", "--port"))
