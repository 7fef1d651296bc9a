"""Write the synthetic sample: `python sample_logs/make_sample.py [FOLDER]`, by default into this folder."""

import sys
from pathlib import Path

from generator.sample import write_sample


def main(arguments: list[str]) -> None:
    """Write the sample, and say how much of it there is."""
    folder = Path(arguments[0]) if arguments else Path(__file__).parent
    totals = write_sample(folder)["totals"]
    print(f"{totals['records']:,} records of {totals['calls']:,} calls in {folder}")


if __name__ == "__main__":
    main(sys.argv[1:])
