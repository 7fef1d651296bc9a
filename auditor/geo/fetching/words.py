"""The values of `GeoIP.conf` and of `GEOIPUPDATE_*`, read strictly; each reader raises `NotReadableError`.

No message repeats a value that may be the license key, put in the wrong place.
"""

import re
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import SplitResult, quote, urlsplit

from auditor.geo.fetching.secret import Secret
from auditor.geo.fields import NotReadableError

_EDITION = re.compile(r"Geo(?:IP|Lite)[A-Za-z0-9]*(?:-[A-Za-z0-9]+)+")
_DURATION_PART = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_LONGEST_RETRYING = timedelta(days=1)
_PLACEHOLDER_ACCOUNTS = (0, 999999)
_PLACEHOLDER_KEYS = ("000000000000", "YOUR_LICENSE_KEY_HERE")
_MOST_PARALLEL = 16
_PROXY_PORT = 1080
_LONGEST_SHOWN = 10
_ACCOUNT_HINT = "take the account id and a license key from your account at MaxMind"


def account_of(written: str) -> int:
    """Read the number of an account."""
    if not re.fullmatch(r"[0-9]{1,18}", written):
        raise NotReadableError("is no number", _ACCOUNT_HINT)
    if int(written) in _PLACEHOLDER_ACCOUNTS:
        raise NotReadableError(f"`{written}` is a placeholder", _ACCOUNT_HINT)
    return int(written)


def license_key_of(written: str) -> Secret:
    """Read a license key."""
    if written in _PLACEHOLDER_KEYS:
        raise NotReadableError(f"`{written}` is a placeholder", _ACCOUNT_HINT)
    if not written.isprintable() or " " in written:
        raise NotReadableError("is no license key: it has blanks or control characters in it", _ACCOUNT_HINT)
    return Secret(written)


def editions_of(written: str) -> tuple[str, ...]:
    """Read the names of editions, separated by blanks; one that is named twice counts once."""
    return tuple(dict.fromkeys(edition_of(name) for name in written.split()))


def edition_of(written: str) -> str:
    """Read the name of an edition."""
    if not _EDITION.fullmatch(written):
        text = f"`{written}` is" if written.startswith("Geo") else "has what is"
        raise NotReadableError(f"{text} no name of an edition", "such as `GeoLite2-Country` or `GeoIP2-City`")
    if written.endswith("-CSV"):
        meant = written.removesuffix("-CSV")
        raise NotReadableError(f"`{written}` is a set of CSV files", f"the database is `{meant}`")
    return written


def host_of(written: str) -> str:
    """Read where the server is: a name, or an address that begins with `https://`; no slash at the end.

    Plain `http://` is read only for this machine, since it would send the license key in the clear.
    """
    parts = _split(written if "://" in written else f"https://{written}")
    if parts.username is not None or parts.query or parts.fragment:
        raise NotReadableError("has a user, a query or a fragment in it", "give only where the server is")
    if parts.scheme not in ("https", "http"):
        raise NotReadableError(f"{_shown(parts.scheme)} is not spoken", "`https://` is")
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise NotReadableError(
            "`http://` would send the license key in the clear", "only this machine may be asked so"
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine, by its name or address alone."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def proxy_of(written: str, user_password: Secret | None) -> Secret:
    """Read where the proxy is; a user in it goes before `user_password`. It is a secret if it has one."""
    parts = _split(written if "://" in written else f"http://{written}")
    if parts.scheme != "http":
        raise NotReadableError(f"proxies of the kind {_shown(parts.scheme)} are not spoken", "`http://` is")
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    place = f"{host}:{parts.port or _PROXY_PORT}"
    if parts.username is not None:
        return Secret(f"http://{parts.netloc.rpartition('@')[0]}@{place}")
    if user_password is None:
        return Secret(f"http://{place}")
    user, _, password = user_password.reveal().partition(":")
    return Secret(f"http://{quote(user, safe='')}:{quote(password, safe='')}@{place}")


def user_password_of(written: str) -> Secret:
    """Read a name and a password with a colon between them."""
    if not all(written.partition(":")):
        raise NotReadableError("is no name and password with a colon between them")
    return Secret(written)


def flag_of(written: str) -> bool:
    """Read 0 or 1."""
    if written not in ("0", "1"):
        raise NotReadableError(f"{_shown(written)} is neither 0 nor 1")
    return written == "1"


def parallelism_of(written: str) -> int:
    """Read how many editions may be fetched at once."""
    if not re.fullmatch(r"[0-9]{1,4}", written) or not 1 <= int(written) <= _MOST_PARALLEL:
        raise NotReadableError(f"{_shown(written)} is no number from 1 to {_MOST_PARALLEL}")
    return int(written)


def duration_of(written: str) -> timedelta:
    """Read a duration such as `5m` or `1h30m`; `0` alone needs no unit."""
    parts = _DURATION_PART.findall(written)
    if written != "0" and (not parts or "".join(number + unit for number, unit in parts) != written):
        raise NotReadableError(f"{_shown(written)} is no duration", "such as `5m`, `90s` or `1h30m`")
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in parts)
    if seconds > _LONGEST_RETRYING.total_seconds():
        raise NotReadableError(f"{_shown(written)} is longer than a day")
    return timedelta(seconds=seconds)


def path_of(written: str) -> Path:
    """Read the path of a file or folder."""
    if "\0" in written:
        raise NotReadableError("is no path")
    return Path(written)


def _shown(written: str) -> str:
    """Show a value, if it is too short to be a license key."""
    return f"`{written}`" if len(written) <= _LONGEST_SHOWN else "the value"


def _split(written: str) -> SplitResult:
    """Split an address; one that has no host, or no sound port, is none."""
    try:
        parts = urlsplit(written)
        sound = bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound or not written.isascii() or re.search(r"[\s\x00-\x20\x7f]", written):
        raise NotReadableError("is no address of a server", "a name, with a port where it needs one")
    return parts
