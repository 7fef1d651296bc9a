"""What changed in the windows and waivers that lie beside rules."""

from collections.abc import Iterator, Sequence

from auditor.ruleset.waiver_schema import Waiver
from auditor.ruleset.windows import Window
from auditor.ruleset.wording.phrases import either, stretch_words


def window_changes(old: Sequence[Window], new: Sequence[Window]) -> Iterator[str]:
    """Say which declared windows came, went or changed."""
    was, becomes = [_declared(one) for one in old], [_declared(one) for one in new]
    gone = [one for one in was if one not in becomes]
    come = [one for one in becomes if one not in was]
    for name in sorted({name for name, _ in (*gone, *come)}):
        before, after = ([words for one, words in each if one == name] for each in (gone, come))
        if len(before) == len(after) == 1:
            yield f"window {name} {before[0]} → {after[0]}"
            continue
        yield from (f"window {name} {words} is no longer declared" for words in before)
        yield from (f"window {name} {words} is newly declared" for words in after)


def waiver_changes(old: Sequence[Waiver], new: Sequence[Waiver]) -> Iterator[str]:
    """Say which waivers came, went or changed, by id, each with its rule."""
    was, becomes = ({one.id: one for one in each} for each in (old, new))
    for name in sorted(was.keys() | becomes.keys()):
        before, after = was.get(name), becomes.get(name)
        if before is None and after is not None:
            yield f"waiver {name} of {after.rule} is new"
        elif after is None and before is not None:
            yield f"waiver {name} of {before.rule} is gone"
        elif before is not None and after is not None and before != after:
            altered = ", ".join(_altered(before, after))
            rule = before.rule if before.rule == after.rule else f"{before.rule}, now of {after.rule},"
            yield f"waiver {name} of {rule} changed{f': {altered}' if altered else ''}"


def _altered(before: Waiver, after: Waiver) -> Iterator[str]:
    return (
        name
        for name in Waiver.model_fields
        if name != "rule" and getattr(before, name) != getattr(after, name)
    )


def _declared(window: Window) -> tuple[str, str]:
    late = ", declared late" if window.is_late else ""
    regions = either(sorted(window.regions))
    return window.id, f"of {regions}, {stretch_words(window.from_, window.until)}{late}"
