from ipaddress import IPv6Address

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import GeoError
from auditor.geo.addresses import classify
from auditor.geo.translation import LENGTHS, NOTHING_EMBEDDED, embedded_in, prefixes_of

# RFC 6052, section 2.4: 192.0.2.33 under each length of prefix
EXAMPLES = {
    "2001:db8::/32": "2001:db8:c000:221::",
    "2001:db8:100::/40": "2001:db8:1c0:2:21::",
    "2001:db8:122::/48": "2001:db8:122:c000:2:2100::",
    "2001:db8:122:300::/56": "2001:db8:122:3c0:0:221::",
    "2001:db8:122:344::/64": "2001:db8:122:344:c0:2:2100::",
    "2001:db8:122:344::/96": "2001:db8:122:344::192.0.2.33",
}


@pytest.mark.parametrize(("prefix", "address"), EXAMPLES.items())
def test_the_examples_of_the_standard_embed_their_address(prefix: str, address: str) -> None:
    assert embedded_in(IPv6Address(address), prefixes_of([prefix])) == "192.0.2.33"


def test_the_longest_prefix_decides() -> None:
    prefixes = prefixes_of(EXAMPLES)
    for address in EXAMPLES.values():
        assert embedded_in(IPv6Address(address), prefixes) == "192.0.2.33"


def test_an_address_elsewhere_is_no_translators() -> None:
    assert embedded_in(IPv6Address("2001:db9::1"), prefixes_of(EXAMPLES)) is None


def test_reserved_bits_that_are_set_embed_nothing() -> None:
    assert (
        embedded_in(IPv6Address("2001:db8:c000:221:100::"), prefixes_of(["2001:db8::/32"]))
        == NOTHING_EMBEDDED
    )


@given(inner=st.ip_addresses(v=4), length=st.sampled_from(LENGTHS), high=st.integers(0, 2**32 - 1))
def test_what_was_embedded_is_found_again(inner: object, length: int, high: int) -> None:
    four = int(inner)  # type: ignore[call-overload]  # the strategy gives IPv4Address
    bits = f"{high:032b}".ljust(128, "0")[:length]
    for octet in f"{four:032b}":
        if len(bits) == 64:
            bits += "0" * 8
        bits += octet
    address = IPv6Address(int(bits.ljust(128, "0"), 2))
    prefix = f"{IPv6Address(int(f'{high:032b}'.ljust(128, '0'), 2))}/{length}"
    assert embedded_in(address, prefixes_of([prefix])) == str(inner)


def test_all_faults_are_told() -> None:
    with pytest.raises(GeoError) as caught:
        prefixes_of(["2001:db8::/33", "192.0.2.0/24", "2001:db8::1/96", "nonsense", "2001:db8:1:2:ff00::/96"])
    assert len(caught.value.faults) == 5
    assert "32, 40, 48, 56, 64, 96 bits" in str(caught.value)


def test_a_configured_prefix_makes_an_address_a_translated_one() -> None:
    texts = pl.Series(
        [
            "2001:db8:64::198.51.100.7",
            "2001:0DB8:64::8.8.8.8",
            "2001:db8:65::1",
            "1.2.3.4",
            "64:ff9b::8.8.8.8",
        ]
    )
    found = classify(texts, nat64=prefixes_of(["2001:db8:64::/96"]))
    assert found["kind"].to_list() == ["nat64", "nat64", "documentation", "global", "nat64"]
    assert found["inner"].to_list() == ["198.51.100.7", "8.8.8.8", None, None, "8.8.8.8"]
    assert found["inner_kind"].to_list() == ["documentation", "global", None, None, "global"]


def test_a_local_translators_prefix_is_known_once_it_is_configured() -> None:
    text = pl.Series(["64:ff9b:1:fffe::8.8.8.8"])
    assert classify(text)["kind"].item() == "nat64_local"
    assert classify(text, nat64=prefixes_of(["64:ff9b:1:fffe::/96"])).row(0)[1:] == (
        "nat64",
        "64:ff9b:1:fffe::808:808",
        "8.8.8.8",
        "global",
    )


def test_a_translated_address_with_reserved_bits_has_no_inner_one() -> None:
    found = classify(pl.Series(["2001:db8:c000:221:100::"]), nat64=prefixes_of(["2001:db8::/32"]))
    assert found.row(0)[1:] == ("nat64", "2001:db8:c000:221:100::", None, None)
