"""What is quickly taken for a plain prefix is one for the slow reader too."""

from hypothesis import given
from hypothesis import strategies as st

from auditor.geo.fields import NotReadableError, plain_prefixes, prefix_of
from auditor.geo.stretches import block_of, blocks_of

OCTETS = st.sampled_from(
    ["0", "00", "1", "01", "128", "255", "256", "+1", "", " 1", "\u0661", "-1", "1.5", "999999"]
)
LENGTHS = st.sampled_from(["0", "00", "1", "8", "08", "24", "32", "33", "255", "256", "", "+8", "8 ", "x"])
PREFIXES = st.builds(
    lambda octets, length: f"{'.'.join(octets)}/{length}", st.lists(OCTETS, max_size=5), LENGTHS
)


@given(st.lists(PREFIXES | st.text(max_size=6), max_size=20))
def test_a_plain_prefix_is_right_as_it_is_written(written: list[str]) -> None:
    for prefix in plain_prefixes(written):
        assert prefix_of(prefix) == prefix


@given(st.integers(0, 2**32 - 1), st.integers(0, 32))
def test_a_network_of_ipv4_is_plain_and_one_with_host_bits_is_not(number: int, length: int) -> None:
    host_bits = number % (1 << 32 - length)
    octets = ".".join(str(octet) for octet in number.to_bytes(4))
    assert (plain_prefixes([f"{octets}/{length}"]) == frozenset()) == bool(host_bits)
    try:
        block_of(prefix_of(f"{octets}/{length}"))
    except NotReadableError:
        assert host_bits


def test_many_prefixes_are_read_as_each_alone() -> None:
    prefixes = ["0.0.0.0/0", "2001:db8::/32", "203.0.113.0/24", "255.255.255.255/32", "::/0"]
    assert blocks_of(prefixes) == [block_of(prefix) for prefix in prefixes]
    assert blocks_of([]) == []
