"""Write the published JSON Schemas, of rules, mappings and runs: `python tools/write_schemas.py [FOLDER]`."""

import json
import sys
from pathlib import Path

from auditor.evidence.manifest import Manifest
from auditor.evidence.summary import Contract, Summary
from auditor.ruleset.json_schemas import FileSort, json_schema_text
from auditor.sources.json_schema import mapping_schema_text

DIALECT = "https://json-schema.org/draft/2020-12/schema"
CONTRACTS: dict[str, type[Contract]] = {"summary@1": Summary, "manifest@1": Manifest}


def main() -> None:
    """Write one schema for each contract, for each kind of file in a rules folder, and for mappings."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/schemas")
    folder.mkdir(parents=True, exist_ok=True)
    for name, contract in CONTRACTS.items():
        schema = contract.model_json_schema(by_alias=True, mode="serialization")
        schema |= {"$schema": DIALECT, "$id": f"auditor/{name}"}
        (folder / f"{name}.json").write_text(json.dumps(schema, indent=1, sort_keys=True) + "\n")
    for sort in FileSort:
        (folder / f"{sort}@1.json").write_text(json_schema_text(sort))
    (folder / "mapping@1.json").write_text(mapping_schema_text())


if __name__ == "__main__":
    main()
