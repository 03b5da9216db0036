"""Several ablations of one recipe at once: which of their changes are made, and which cannot go together."""

from collections.abc import Mapping, Sequence
from itertools import combinations

from potstill.errors import RecipeError


def merge_ablations(ablations: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Leave out what another ablation makes needless, and refuse what contradicts it; the order does not matter.

        top + no-gd       what `top` sets in the stage that `no-gd` drops is left out
        no-trm + no-attn  refused: all that `no-attn` drops is dropped already
        top + bottom      refused: both set the same layer map

    Args:
        ablations: By name its changes, `path=value` texts as for `override_fields`.

    Returns:
        By name the changes to make, at least one each.

    Raises:
        RecipeError: An ablation is without effect beside the others, or two of them contradict each other.
    """
    changes = [(name, change) for name, own in ablations.items() for change in own]
    kept = [
        (name, change)
        for position, (name, change) in enumerate(changes)
        if not any(_drops(other, change) or other == change for _, other in changes[:position])
        and not any(_drops(other, change) for _, other in changes[position + 1 :] if other != change)
    ]
    for (name, change), (later_name, later) in combinations(kept, 2):
        if name != later_name and (_is_within(change, _path(later)) or _is_within(later, _path(change))):
            raise RecipeError(
                f"--ablation {later_name}: its {later} contradicts {change} of '{name}'; give one of the two ablations."
            )
    merged = {name: [change for maker, change in kept if maker == name] for name in ablations}
    for name, own in merged.items():
        if not own:
            others = ", ".join(other for other in ablations if other != name)
            raise RecipeError(f"--ablation {name}: this is without effect beside {others}; leave it out.")
    return merged


def _drops(change: str, other: str) -> bool:
    """Say whether a change takes away what another is about."""
    return change.endswith("=none") and _is_within(other, _path(change))


def _is_within(change: str, path: str) -> bool:
    return f"{_path(change)}.".startswith(f"{path}.")


def _path(change: str) -> str:
    return change.partition("=")[0].strip()
