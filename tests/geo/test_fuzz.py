"""Whatever is done to a file: an error that names it, or what geoip2 says of the same file."""

from collections import Counter

import maxminddb
import pytest

from tests.geo.conftest import WriteDatabase
from tests.geo.kinds import KINDS
from tests.geo.mutants import mutants_of
from tests.geo.oracle import addresses_around, outcome_of

MUTANTS = 340


@pytest.mark.parametrize("name", KINDS)
def test_a_damaged_file_is_an_error_or_answers_as_geoip2_does(
    write_database: WriteDatabase, name: str
) -> None:
    kind = KINDS[name]
    path = write_database(kind.records, database_type=kind.database_type, ip_version=kind.ip_version)
    addresses = addresses_around(list(kind.records))
    assert outcome_of(path, kind.opinion, addresses) == "answers"
    with maxminddb.open_database(path, maxminddb.MODE_MEMORY) as reader:
        data_at = reader.metadata().search_tree_size + 16
    outcomes: Counter[str] = Counter()
    for number, (mutation, mutant) in enumerate(mutants_of(path.read_bytes(), data_at, MUTANTS, seed=4)):
        path.write_bytes(mutant)
        try:
            outcomes[outcome_of(path, kind.opinion, addresses)] += 1
        except BaseException as error:
            raise AssertionError(f"mutant {number}, {mutation}: {error!r}") from error
    assert min(outcomes["error"], outcomes["answers"]) > MUTANTS // 10
