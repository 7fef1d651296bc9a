import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BUNDLED = Path(__file__).parents[2] / "sample_logs"


@pytest.fixture(scope="session")
def bundled() -> Path:
    return BUNDLED


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    script = BUNDLED / "make_sample.py"
    subprocess.run([sys.executable, script, folder], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="session")
def truth(bundled: Path) -> dict[str, Any]:
    planted: dict[str, Any] = json.loads((bundled / "truth.json").read_text(encoding="utf-8"))
    return planted
