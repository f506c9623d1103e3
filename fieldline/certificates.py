"""When certificates end: of the other end of a TLS connection, and of a PEM file of our own."""

import re
import ssl
from datetime import UTC, datetime
from pathlib import Path

_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_VERSION, _UTC_TIME = 0xA0, 0x17
_BEFORE_VALIDITY = 3
"""Serial number, algorithm and issuer stand before it (RFC 5280, 4.1)."""


def peer_ends_s(connection: object) -> float | None:
    """When the certificate at the other end of a connection ends [s since 1970]; None for one without TLS."""
    certificate = connection.getpeercert() if isinstance(connection, ssl.SSLSocket) else None
    return ssl.cert_time_to_seconds(str(certificate["notAfter"])) if certificate else None


def file_ends_s(path: str) -> float | None:
    """When the first certificate in a PEM file ends [s since 1970]; None where there is none that can be read. Raises OSError."""
    block = _BLOCK.search(Path(path).read_text(encoding="latin-1"))
    try:
        return _ends_s(ssl.PEM_cert_to_DER_cert(block.group())) if block else None
    except (ValueError, IndexError):
        return None


def _ends_s(der: bytes) -> float:
    """`notAfter` of a certificate in DER (RFC 5280, 4.1.2.5); ssl reads it of a connection's other end only."""
    fields = _parts(_parts(_parts(der)[0][1])[0][1])
    fields = fields[1:] if fields[0][0] == _VERSION else fields
    tag, text = _parts(fields[_BEFORE_VALIDITY][1])[1]
    digits = text.decode("ascii")
    if tag == _UTC_TIME:  # years from 50 on are of the last century
        digits = ("19" if int(digits[:2]) >= 50 else "20") + digits
    return datetime.strptime(digits, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp()


def _parts(der: bytes) -> list[tuple[int, bytes]]:
    """Tags and contents of the values that follow each other in DER. Raises ValueError where one is cut off."""
    found, at = [], 0
    while at < len(der):
        tag, size = der[at], der[at + 1]
        at += 2
        if size & 0x80:
            octets = size & 0x7F
            size = int.from_bytes(der[at : at + octets])
            at += octets
        if at + size > len(der):
            raise ValueError(f"a value of {size} bytes is cut off")
        found.append((tag, der[at : at + size]))
        at += size
    return found
