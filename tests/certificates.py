"""An authority of our own and a certificate of 127.0.0.1, made by openssl for TLS tests."""

import subprocess
from pathlib import Path


class Certificates:
    """Files of one authority; `stranger` is the certificate of another one.

    Attributes:
        authority: what a client has to trust.
        server: key and certificate of 127.0.0.1 and localhost, in one PEM file.
        expired: the same of yesterday.
        elsewhere: the same of another host.
        stranger: an authority that signed nothing of ours.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.authority = folder / "authority.pem"
        self.server = folder / "server.pem"
        self.expired = folder / "expired.pem"
        self.elsewhere = folder / "elsewhere.pem"
        self.stranger = folder / "stranger.pem"

    def make(self) -> None:
        """Make the files, unless they are there."""
        if self.server.exists():
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        self._self_signed("authority", "/CN=authority of the tests")
        self._self_signed("stranger", "/CN=authority of somebody else")
        self._signed("server", "IP:127.0.0.1,DNS:localhost", 30)
        self._signed("expired", "IP:127.0.0.1,DNS:localhost", -1)
        self._signed("elsewhere", "DNS:elsewhere.test", 30)

    def locked(self) -> Path:
        """Return the server's key, locked with a password."""
        self._openssl(
            "pkey", "-in", "server.key", "-aes256", "-passout", "pass:x", "-out", "locked.key"
        )
        return self._folder / "locked.key"

    def _signed(self, name: str, owner: str, days: int) -> None:
        """Make key and certificate of the authority for an owner, in one file."""
        self._openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}",
        )  # fmt: skip
        extensions = self._folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={owner}\n")
        self._openssl(
            "x509", "-req", "-in", f"{name}.csr", "-days", str(days), "-out", f"{name}.crt",
            "-CA", "authority.pem", "-CAkey", "authority.key", "-CAcreateserial",
            "-extfile", extensions.name,
        )  # fmt: skip
        parts = (self._folder / f"{name}.key", self._folder / f"{name}.crt")
        (self._folder / f"{name}.pem").write_text("".join(part.read_text() for part in parts))

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
