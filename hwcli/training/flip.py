"""What mirroring does to characters: which of them become others."""

from collections.abc import Mapping, Sequence

from hwcli.training.options import Flip

_HORIZONTAL = (
    "bd pq SZ sz JL 25 3E E∃ RЯ NИ ЭЄ эє () [] {} <> ≤≥ ≪≫ /\\ «» ‹› →← ⇒⇐ ⊂⊃ ⊆⊇ ∈∋ ⟨⟩ ⌈⌉ ⌊⌋ "
    "٢٦ ㅏㅓ ㅑㅕ"
)
_VERTICAL = (
    "bp dq MW mw nu SZ sz 25 A∀ ΛV ΓL NИ ∧∨ ∩∪ ⊓⊔ ↑↓ ⇑⇓ ^v /\\ ⌈⌊ ⌉⌋ ┌└ ┐┘ ٧٨ ㅗㅜ ㅛㅠ 由甲"
)
_TURNED = "69 bq dp nu MW mw hy 7L E∃ A∀ ΛV ∧∨ ∩∪ ٧٨ ㄱㄴ ㅏㅓ ㅑㅕ ㅗㅜ ㅛㅠ 由甲"
"""Turned by 180°, which is mirrored both ways."""
_PAIRS: Mapping[Flip, tuple[str, ...]] = {
    "none": (),
    "horizontal": tuple(_HORIZONTAL.split()),
    "vertical": tuple(_VERTICAL.split()),
    "both": tuple(dict.fromkeys(f"{_HORIZONTAL} {_VERTICAL} {_TURNED}".split())),
}
_SHOWN = 20


def harmed_pairs(classes: Sequence[str], flip: Flip) -> tuple[str, ...]:
    """Pairs of `classes`, like `b/d`, of which `flip` makes one out of the other."""
    known = set(classes)
    return tuple("/".join(pair) for pair in _PAIRS[flip] if known.issuperset(pair))


def warning(classes: Sequence[str], flip: Flip) -> str:
    """What to tell whoever asks for `flip` on characters; empty for `none`."""
    if flip == "none":
        return ""
    pairs = harmed_pairs(classes, flip)
    rest = "every other character that is not symmetric becomes a shape that nobody writes"
    if not pairs:
        return f"--flip {flip}: {rest.replace('other ', '')}"
    shown = " ".join(pairs[:_SHOWN]) + (" …" if len(pairs) > _SHOWN else "")
    return f"--flip {flip} makes one character another: {shown}; {rest}"
