"""An authority of certificates for one test, and what it has signed."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_HOUR = timedelta(hours=1)
_SIGNS = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


@dataclass(frozen=True)
class Issued:
    """A certificate and its key, as files."""

    certificate: Path
    key: Path


class Authority:
    """Signs certificates.

    Attributes:
        path: Its own certificate.
    """

    def __init__(self, folder: Path, name: str = "authority") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        whole = (
            self._begun(self._name, self._key, timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_SIGNS, critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.path = folder / f"{name}.pem"
        self.path.write_bytes(whole.public_bytes(serialization.Encoding.PEM))

    def _begun(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, lasts: timedelta
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(min(now, now + lasts) - _HOUR)
            .not_valid_after(now + lasts)
            # Python from 3.13 on takes no certificate without them (RFC 5280).
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
        )

    def issue(
        self,
        name: str,
        hosts: Sequence[str] = ("127.0.0.1",),
        lasts: timedelta = timedelta(days=1),
        to: str | None = None,
    ) -> Issued:
        """Sign a certificate of a server or a client; one of the same name is replaced.

        Args:
            name: Its common name.
            hosts: Addresses or names of hosts that it is of.
            lasts: How long it is valid; negative: it has expired.
            to: What its files are called; its name otherwise.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        known = [
            x509.IPAddress(ipaddress.ip_address(one)) if one[0].isdigit() else x509.DNSName(one)
            for one in hosts
        ]
        whole = (
            self._begun(_named(name), key, lasts)
            .add_extension(x509.SubjectAlternativeName(known), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        files = [self._folder / f"{to or name}.{kind}" for kind in ("pem", "key")]
        plain = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        for path, content in zip(
            files, (whole.public_bytes(serialization.Encoding.PEM), plain), strict=True
        ):
            # As a renewal does it: whoever reads finds one or the other.
            fresh = path.with_name(f"{path.name}.new")
            fresh.write_bytes(content)
            fresh.chmod(0o600)
            fresh.replace(path)
        return Issued(*files)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
