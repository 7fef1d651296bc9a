"""Random records of a log: every kind of address and of odd text, and instants near the edges."""

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

from hypothesis import strategies as st

from tests.reference.clauses import (
    ACCOUNTS,
    CLOUDS,
    COUNTRIES,
    FENCE_ROLES,
    REGIONS,
    SELECTION_REASONS,
    UNNAMED,
)
from tests.reference.facts import ROLES
from tests.reference.reading import Raw, shifted

PUBLIC = (
    *("1.0.0.1", "81.2.69.1", "81.2.69.142", "81.2.69.143", "81.2.69.255", "89.160.20.112", "8.8.8.8"),
    *("2a02:cf40::1", "2A02:CF40:0001:0::7", "2a00::1", "::ffff:81.2.69.142", "::FFFF:5102:458e"),
)
SPECIAL = (
    *("10.1.0.7", "10.2.0.1", "100.64.0.1", "192.168.1.1", "fc00::1", "fe80::1", "127.0.0.1", "169.254.7.7"),
    *("192.0.2.7", "198.18.0.1", "2001:db8::1", "3fff::1", "224.0.0.1", "255.255.255.255", "0.7.7.7", "::"),
    *(
        "192.0.0.9",
        "192.0.0.8",
        "192.88.99.1",
        "2620:4f:8000::1",
        "2001:1::1",
        "2001:1::4",
        "240.0.0.1",
        "4000::1",
    ),
    *("64:ff9b::81.2.69.142", "64:ff9b::10.1.0.7", "64:ff9b:1::1", "2002:5102:458e::1", "2002:a01:7::1"),
    *("2001:0:5102:458e::aefd:ba71", "2001:0:0:0:0:0:f5fe:fff8", "::81.2.69.142", "::ffff:10.1.0.7", "::1"),
)
ODD = (
    *("1.2.3...", "x.x.x.x", "81.2.69.0/24", "81.2.69.142:443", "081.2.69.142", "81.2.69.308", "1359103374"),
    *("0x51.2.69.142", "81.2.69", "fe80::1%eth0", "2a02:cf40:::1", "not an address", "relay1.example.com"),
    *("b.edge.example.net", "edge.example.net", "\uff18.8.8.8", "81.2.69.142\u0000", "=1+1", '"', "a,b\nc"),
)
MET = (
    *("10.1.0.7", "64:ff9b::10.1.0.7", "64:ff9b::81.2.69.142", "192.88.99.1", "192.0.2.7", "2620:4f:8000::1"),
    *("64:ff9b:1:5102:45:8e00::", "64:ff9b:1:a01:0:700::", "64:ff9b:1:5102:51:245:8e00:0"),
    *("2a02:cf40:5102:458e::", "2a02:cf40:a01:7::1"),
)
"""Addresses of special kinds that inventories and databases may speak of, and translated ones."""

RELAYS = st.one_of(
    st.none(), *(st.sampled_from(pool) for pool in (PUBLIC, PUBLIC, PUBLIC, MET, SPECIAL, ODD))
)
CLIENTS = st.one_of(st.none(), st.none(), *(st.sampled_from(pool) for pool in (PUBLIC, PUBLIC, SPECIAL, ODD)))
DAY, SECOND = 86_400_000_000, 1_000_000
STEPS = (0, 0, 0, -1, -1, 1, -SECOND, SECOND, -DAY, -DAY - 1, 1 - DAY, DAY, 10 * DAY)
ODD_STARTS = (None, "soon", "1999-12-31T23:59:59Z", "2020-03-01T00:00:00", "2020-03-00T00:00:00Z")
LASTING = (*(None,) * 5, 0, 1, SECOND, 3_600 * SECOND, DAY, 2 * DAY, -SECOND)
SITES = ("Frankfurt 1", "San José (SC Top)", "BJ-1")
CLOUD_SITES = ("eu-central-1", "AP-East-1", "germanywestcentral", "ie1-ix", "gll")
"""What the logs of a cloud's customers name as sites."""


@st.composite
def raw_records(draw: st.DrawFn, edges: Sequence[datetime]) -> Raw:
    """Draw one record of a log, near the edges."""
    start = shifted(draw(st.sampled_from(edges)), draw(st.sampled_from(STEPS)))
    lasting = draw(st.sampled_from(LASTING))
    end = None if lasting is None else shifted(start, lasting)
    if lasting is not None and draw(st.booleans()):
        end = max(start, shifted(draw(st.sampled_from(edges)), draw(st.sampled_from((0, -1, 1)))))
    return {
        "call_id": draw(st.sampled_from((None, "c-1", "c-2", 'c "3", x'))),
        "account_id": draw(st.sampled_from((None, *ACCOUNTS, "a-3"))),
        "home_region": draw(st.sampled_from((None, None, *REGIONS))),
        "participant_id": draw(st.sampled_from((None, "p-1", "p-2"))),
        "role": draw(st.sampled_from((*FENCE_ROLES, *FENCE_ROLES, *ROLES, "unknown", "MEDIA", None))),
        "relay_ip": draw(RELAYS),
        "relay_name": draw(
            st.sampled_from((None, None, None, "relay1.example.com", "A.EDGE.example.net", "x.net"))
        ),
        "relay_site": draw(
            st.sampled_from((None,) * 6 + (*SITES, "bj-1", "  San  Jose\u0301 (sc top) ", "?", *CLOUD_SITES))
        ),
        "relay_country_declared": draw(st.sampled_from((None,) * 6 + ("DE", "cn", "UK", UNNAMED))),
        "client_ip": draw(CLIENTS),
        "participant_country_declared": draw(st.sampled_from((None, None, *COUNTRIES, "us", "XX"))),
        "started_at": draw(st.sampled_from(("",) * 40 + ODD_STARTS)) or draw(written(start)),
        "ended_at": draw(st.sampled_from(("",) * 8 + ("later",))) or (end and draw(written(end))),
        "bytes": draw(st.sampled_from((None, "0", "1000", "9007199254740993", "-1", "many"))),
        "use_proved": draw(st.sampled_from((None, "true", "true", "false"))),
        "tier": draw(st.sampled_from((None, "primary", "fallback", "fallback", "fallback", "FALLBACK"))),
        "attempt": draw(st.sampled_from((None, "1", "2", "2", "3", "third"))),
        "failed_primaries": draw(st.sampled_from((None, "0", "1", "2", "3", "3"))),
        "selection_reason": draw(st.sampled_from((None, *SELECTION_REASONS, "Full"))),
        "label_cloud": draw(st.sampled_from((None, *CLOUDS))),
    }


def written(at: datetime) -> st.SearchStrategy[str]:
    """Write an instant in the ways that logs do; what is finer than a microsecond is cut."""
    abroad = at.astimezone(timezone(timedelta(hours=5, minutes=30)))
    return st.sampled_from(
        (
            f"{at:%Y-%m-%dT%H:%M:%S.%fZ}",
            f"{at:%Y-%m-%dT%H:%M:%S.%f}999Z",
            abroad.isoformat(),
            f"{abroad:%Y-%m-%dT%H:%M:%S.%f}+0530",
            at.isoformat().replace("+00:00", "Z"),
        )
    )
