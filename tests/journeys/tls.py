"""A proxy that speaks TLS for a server on loopback, with a certificate of our own."""

import select
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import cast
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PIECE = 64 * 1024


@dataclass(frozen=True)
class Door:
    """Where the server is reached by TLS, and the file with whom to trust for that."""

    root: str
    authority: Path


@contextmanager
def behind_tls(root: str, folder: Path) -> Iterator[Door]:
    """Stand before the server at an address; what comes by TLS goes there as it is."""
    authority, chain, key = certificates(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    behind = urlsplit(root)
    proxy = _Proxy(("127.0.0.1", 0), context, (str(behind.hostname), int(behind.port or 80)))
    thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield Door(f"https://localhost:{proxy.server_address[1]}", authority)
    finally:
        proxy.shutdown()
        proxy.server_close()
        thread.join()


def certificates(folder: Path) -> tuple[Path, Path, Path]:
    """An authority of our own, the certificate that it gives to localhost, and the key of that, as files."""
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = _certificate("An authority of tests", authority_key, "An authority of tests", authority_key)
    leaf = _certificate("localhost", key, "An authority of tests", authority_key)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    files = folder / "authority.pem", folder / "localhost.pem", folder / "localhost.key"
    for file, content in zip(files, (_pem(authority), _pem(leaf), private), strict=True):
        file.write_bytes(content)
    return files


def _certificate(
    name: str, key: ec.EllipticCurvePrivateKey, issuer: str, issuer_key: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    now = datetime.now(tz=UTC)
    subject, by = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]) for text in (name, issuer))
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=name == issuer, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if name != issuer:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


class _Proxy(ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], context: ssl.SSLContext, behind: tuple[str, int]) -> None:
        self.context, self.behind = context, behind
        super().__init__(address, _Connection)


class _Connection(BaseRequestHandler):
    def handle(self) -> None:
        proxy = cast("_Proxy", self.server)
        with (
            suppress(OSError),
            proxy.context.wrap_socket(self.request, server_side=True) as client,
            socket.create_connection(proxy.behind) as server,
        ):
            _relay(client, server)


def _relay(client: ssl.SSLSocket, server: socket.socket) -> None:
    """Hand on what either says, until one of them has said all."""
    while True:
        # What was decrypted already is not seen by select.
        ready = [client] if client.pending() else select.select([client, server], [], [], 60)[0]
        if not ready:
            return
        for one, other in ((client, server), (server, client)):
            if one in ready:
                content = one.recv(PIECE)
                if not content:
                    return
                other.sendall(content)
