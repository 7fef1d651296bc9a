"""What a word that should name a country or a group may have meant."""

from collections.abc import Collection

from auditor.countries import COUNTRIES, OFTEN_MEANT
from auditor.text import nearest

CODE_LETTERS = 2
"""The length of a country code; names of groups are longer."""


def hint_for(word: str, groups: Collection[str] = ()) -> str | None:
    """Suggest the country code or the group that `word` may stand for, or nothing."""
    upper = word.strip().upper()
    if upper in OFTEN_MEANT:
        return _often_meant(upper, groups)
    if upper in COUNTRIES or upper in groups:
        return f"did you mean `{upper}`?"
    return nearest(upper, groups) if len(upper) > CODE_LETTERS else None


def _often_meant(code: str, groups: Collection[str]) -> str:
    meant = OFTEN_MEANT[code]
    if meant:
        return f"did you mean `{meant}`?"
    alike = sorted(group for group in groups if group.startswith(code))
    if alike:
        return (
            f"`{code}` is no country; did you mean the group {' or '.join(f'`{group}`' for group in alike)}?"
        )
    return f"`{code}` is no country; name the countries"
