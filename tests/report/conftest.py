"""Golden files: compared whole, written anew by `pytest tests/report --update-golden`."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.report.maker import Run
from tests.report.story import spring

GOLDEN = Path(__file__).parent / "golden"
Compare = Callable[[str, str], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write golden files anew; read the diff")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Compare:
    # Without a default this fails where another folder is named first, and the option is not there.
    update = bool(request.config.getoption("--update-golden", default=False))

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if update:
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8")

    return compare


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return spring().written_to(tmp_path_factory.mktemp("spring"))
