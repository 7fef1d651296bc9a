"""A certificate for this machine that signs itself, made anew for a test: no key lies in the repository.

Just enough of X.509 (RFC 5280), in DER, and of RSA with SHA-256 (RFC 8017).
"""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_EXPONENT = 65537
_BITS = 2048
_OIDS = {"rsa": "2a864886f70d010101", "sha256_rsa": "2a864886f70d01010b", "name": "550403", "names": "551d11"}
_SHA256_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")
_INTEGER, _BITS_TAG, _BYTES, _NULL, _OID, _TEXT, _TIME, _LIST, _SET = 2, 3, 4, 5, 6, 12, 24, 0x30, 0x31


@dataclass(frozen=True, slots=True)
class Key:
    """An RSA key of two primes."""

    p: int
    q: int

    @property
    def modulus(self) -> int:
        return self.p * self.q

    @property
    def private(self) -> int:
        return pow(_EXPONENT, -1, (self.p - 1) * (self.q - 1))

    def signed(self, message: bytes) -> bytes:
        digest = _SHA256_PREFIX + hashlib.sha256(message).digest()
        size = _BITS // 8
        padded = b"\0\1" + b"\xff" * (size - len(digest) - 3) + b"\0" + digest
        return pow(int.from_bytes(padded), self.private, self.modulus).to_bytes(size)

    @property
    def pem(self) -> str:
        p, q, d = self.p, self.q, self.private
        numbers = (0, self.modulus, _EXPONENT, d, p, q, d % (p - 1), d % (q - 1), pow(q, -1, p))
        return _pem("RSA PRIVATE KEY", _list(*map(_integer, numbers)))


def certificate_of(key: Key, address: bytes = bytes([127, 0, 0, 1])) -> str:
    """Sign a certificate for an address, good since yesterday and until tomorrow, as PEM."""
    algorithm = _list(_oid("sha256_rsa"), _tagged(_NULL, b""))
    name = _list(_tagged(_SET, _list(_oid("name"), _tagged(_TEXT, b"a test"))))
    now = datetime.now(UTC)
    valid = _list(*(_time(now + timedelta(days=days)) for days in (-1, 1)))
    public = _list(_integer(key.modulus), _integer(_EXPONENT))
    subject_key = _list(_list(_oid("rsa"), _tagged(_NULL, b"")), _tagged(_BITS_TAG, b"\0" + public))
    names = _list(_oid("names"), _tagged(_BYTES, _list(_tagged(0x87, address))))
    told = _list(
        _tagged(0xA0, _integer(2)), _integer(1), algorithm, name, valid, name, subject_key,
        _tagged(0xA3, _list(names)),
    )  # fmt: skip
    signature = _tagged(_BITS_TAG, b"\0" + key.signed(told))
    return _pem("CERTIFICATE", _list(told, algorithm, signature))


def new_key() -> Key:
    return Key(_prime(), _prime())


def _prime() -> int:
    while True:
        number = secrets.randbits(_BITS // 2) | 3 << (_BITS // 2 - 2) | 1
        small = all(number % divisor for divisor in range(3, 1000, 2))
        if (
            small
            and number % _EXPONENT != 1
            and all(pow(base, number - 1, number) == 1 for base in (2, 3, 5))
        ):
            return number


def _tagged(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8)
    return bytes([tag, 0x80 | len(octets)]) + octets + content


def _list(*items: bytes) -> bytes:
    return _tagged(_LIST, b"".join(items))


def _integer(value: int) -> bytes:
    return _tagged(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1))


def _oid(name: str) -> bytes:
    return _tagged(_OID, bytes.fromhex(_OIDS[name]))


def _time(at: datetime) -> bytes:
    return _tagged(_TIME, f"{at:%Y%m%d%H%M%SZ}".encode())


def _pem(title: str, content: bytes) -> str:
    return f"-----BEGIN {title}-----\n{base64.encodebytes(content).decode()}-----END {title}-----\n"
