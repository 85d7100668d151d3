"""An authority of our own and a certificate of 127.0.0.1, made by openssl for TLS tests."""

import subprocess
from pathlib import Path


class Certificates:
    """Files of one authority; `stranger` is the certificate of another one.

    Attributes:
        authority: what a client has to trust.
        server: key and certificate of 127.0.0.1 and localhost, in one PEM file.
        stranger: an authority that signed nothing of ours.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.authority = folder / "authority.pem"
        self.server = folder / "server.pem"
        self.stranger = folder / "stranger.pem"

    def make(self) -> None:
        """Make the files, unless they are there."""
        if self.server.exists():
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        self._self_signed("authority", "/CN=authority of the tests")
        self._self_signed("stranger", "/CN=authority of somebody else")
        self._openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=127.0.0.1",
        )  # fmt: skip
        extensions = self._folder / "server.ext"
        extensions.write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
        self._openssl(
            "x509", "-req", "-in", "server.csr", "-days", "30", "-out", "server.crt",
            "-CA", "authority.pem", "-CAkey", "authority.key", "-CAcreateserial",
            "-extfile", extensions.name,
        )  # fmt: skip
        parts = (self._folder / "server.key", self._folder / "server.crt")
        self.server.write_text("".join(part.read_text() for part in parts))

    def _self_signed(self, name: str, subject: str) -> None:
        self._openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-days", "30", "-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", subject,
        )  # fmt: skip

    def _openssl(self, *words: str) -> None:
        done = subprocess.run(
            ["openssl", *words], cwd=self._folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
