import subprocess
import sys
from pathlib import Path


def test_the_published_schemas_are_those_of_the_program(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "tools/write_schemas.py", str(tmp_path)], check=True)
    published = {path.name: path.read_text() for path in Path("docs/schemas").iterdir()}
    assert published == {path.name: path.read_text() for path in tmp_path.iterdir()}
