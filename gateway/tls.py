"""HTTPS: the gateway's certificate, taken anew when it was renewed, and certificates of callers."""

from __future__ import annotations

import logging
import ssl
from pathlib import Path

from fivered.chassis import tls
from fivered.chassis.settings import SettingsError
from fivered.gateway.settings import GatewaySettings

log = logging.getLogger("fivered.gateway")


class Certificate:
    """The context of HTTPS. A connection that is made gets the newest one; those that stand stay.

    Attributes:
        outer: What the server is given once; each handshake leaves it for the newest context.
    """

    def __init__(self, settings: GatewaySettings) -> None:
        """Read the files.

        Raises:
            SettingsError: One is missing, or is not what its variable says.
        """
        self._settings = settings
        self._seen = self._stamp()
        try:
            self._newest = self._read()
            self.outer = self._read()
        except OSError as error:
            raise SettingsError([self._said(error)]) from error
        self.outer.sni_callback = self._handshake

    def renew(self) -> None:
        """Take the files again where they have changed. What cannot be used is told, and the
        certificate before stays: half of a renewal is followed by the other half."""
        seen = self._stamp()
        if seen == self._seen:
            return
        self._seen = seen
        try:
            self._newest = self._read()
        except OSError as error:
            # Its trace says nothing that the sentence does not.
            log.error("certificate_not_taken", extra={"why": self._said(error)})  # noqa: TRY400
        else:
            log.warning("certificate_taken", extra={"file": self._settings.tls_certificate})

    def _handshake(
        self, connection: ssl.SSLSocket | ssl.SSLObject, _name: str | None, _context: ssl.SSLContext
    ) -> None:
        connection.context = self._newest

    def _read(self) -> ssl.SSLContext:
        own = self._settings
        made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=own.tls_client_ca or None)
        made.load_cert_chain(own.tls_certificate, own.tls_key_pem or None)
        made.set_alpn_protocols(["http/1.1"])
        if own.tls_client_ca:
            made.verify_mode = ssl.CERT_REQUIRED
        return made

    def _files(self) -> list[str]:
        own = self._settings
        return [path for path in (own.tls_certificate, own.tls_key_pem, own.tls_client_ca) if path]

    def _stamp(self) -> list[tuple[int, int]]:
        found = []
        for path in self._files():
            try:
                told = Path(path).stat()
                found.append((told.st_mtime_ns, told.st_ino))
            except OSError:
                found.append((0, 0))
        return found

    def _said(self, error: OSError) -> str:
        return (
            "FIVERED_TLS_CERTIFICATE, FIVERED_TLS_KEY_PEM or FIVERED_TLS_CLIENT_CA"
            f" ({', '.join(self._files())}): {tls.why(error)}"
        )
