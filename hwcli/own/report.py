"""What was found, in lines for people; the same lines stand as comments in the recipe."""

from collections import Counter

from hwcli.own.findings import Findings, counted
from hwcli.own.names import is_character
from hwcli.own.orientation import MIN_IMAGES

_SHOWN = 5
_LARGE = 400
"""Side, px, from which an image is a photo or a scan rather than a cut-out glyph."""


def lines(found: Findings) -> list[str]:
    """All that the user should know, one fact a line."""
    result = [
        f"{found.place}: {counted(found.images, 'image')}, {counted(len(found.classes), 'class')}"
        + (f", {found.unlabelled:,} without a label" if found.unlabelled else ""),
        *label_lines(found),
        *found.layout.notes,
        script_line(found),
        size_line(found),
        polarity_line(found),
        turn_line(found),
    ]
    if found.pixels.trim_edge:
        result.append(edge_line(found))
    result += [*_fault_lines(found), split_line(found)]
    return result


def label_lines(found: Findings) -> list[str]:
    """Where labels stand, and how they are read."""
    result = [f"labels: {found.layout.how}; {_some(list(found.classes))}"]
    reasons = Counter(r.why for r in found.readings.values())
    for why, count in reasons.items():
        examples = [f"{n} = {r.character}" for n, r in found.readings.items() if r.why == why]
        result.append(f"labels: {count:,} read as {why}: {_some(examples)}")
    shared = Counter(found.character(label) for label in found.labels)
    for character, count in shared.items():
        if count > 1:
            names = [label for label in found.labels if found.character(label) == character]
            result.append(f"labels: {_some(names)} are all {character}, taken as one class")
    unread = [n for n in found.labels if n not in found.readings and not is_character(n)]
    if unread:
        result.append(
            f"labels: {len(unread):,} no character, so classes as they stand: "
            f"{_some(unread)}; [source.classes] in a recipe says what they stand for"
        )
    if found.unwritable:
        shown = [ascii(n) for n in found.unwritable]
        result.append(f"labels: {len(shown):,} no text in UTF-8, so left out: {_some(shown)}")
    return result


def script_line(found: Findings) -> str:
    """The script, and what other scripts there are."""
    script = found.script
    if script.doubted:
        judged, best = found.orientation.judged, max(found.orientation.right.values())
        return (
            f"script: not known (Zzzz): the labels are Latin or digits, but the bundled classifier "
            f"reads only {best / judged:.0%} of {judged} as them, any way up; if they stand for "
            "other characters, [source.classes] and `script` in a recipe say so"
        )
    if script.code == "Zzzz":
        return "script: not known (Zzzz), since the labels are no characters; `script` says it"
    others = {c: n for c, n in script.images.items() if n}
    if len(others) > 1:
        counts = ", ".join(f"{c} {n:,}" for c, n in others.items())
        return (
            f"script: {script.code}, by the labels ({counts} images); a source has one script: "
            "to keep them apart, write a source for each"
        )
    return f"script: {script.code}, by the labels"


def size_line(found: Findings) -> str:
    """How large the images are."""
    pixels = found.pixels
    least, middle, most = (f"{w}×{h}" for h, w in (pixels.smallest, pixels.median, pixels.largest))
    photos = max(pixels.median) >= _LARGE
    frame = "; frames of a camera's size: the glyph is cut out of each" if photos else ""
    if least == most:
        return f"size: all {least} px ({pixels.count} looked at){frame}"
    return f"size: {least} to {most}, median {middle} px ({pixels.count} looked at){frame}"


def polarity_line(found: Findings) -> str:
    """Whether ink is dark or light."""
    pixels = found.pixels
    seen = pixels.count - pixels.blank
    counted = f"{pixels.dark_on_light} of {seen} are dark on light"
    if pixels.invert is None:
        return f"polarity: mixed ({counted}), so found out for each image"
    return f"polarity: {'dark on light' if pixels.invert else 'light on dark'} ({counted})"


def turn_line(found: Findings) -> str:
    """Whether rows and columns are swapped, or why that cannot be told."""
    judged, right = found.orientation.judged, found.orientation.right
    turn = found.orientation.turn
    by_hand = "if rows and columns are swapped, `transpose = true` in a recipe rights them"
    if not right:
        known = f"only {judged}" if judged else "none"
        return (
            f"upright or not cannot be told: {known} of {found.pixels.count} images have a label "
            f"that the bundled Latin classifier knows, {MIN_IMAGES} are wanted; {by_hand}"
        )
    figures = (
        f"the bundled classifier reads {right['upright'] / judged:.0%} of {judged} as they are, "
        f"{right['transposed'] / judged:.0%} transposed"
    )
    if turn is None:
        return f"upright or not cannot be told: {figures}; {by_hand}"
    if turn == "upright":
        return f"upright: {figures}"
    if turn == "transposed":
        return f"transposed, so rows and columns are swapped back: {figures}"
    return (
        f"{turn}, it seems: {figures}, {right[turn] / judged:.0%} if that is undone; "
        "a recipe cannot, so turn the files"
    )


def edge_line(found: Findings) -> str:
    """What is cut off the edges, and why."""
    pixels = found.pixels
    return (
        f"edges: {pixels.framed} of {pixels.count} have a line along an edge, "
        f"so {pixels.trim_edge} px are cut off all"
    )


def split_line(found: Findings) -> str:
    """How rows are split."""
    if found.split_by == "official":
        return "split: official; val is cut from train if there is none"
    unknown = f", {found.unknown_writer:,} images of nobody" if found.unknown_writer else ""
    if found.split_by == "writer":
        return f"split: by writer ({found.writers:,} people{unknown})"
    if found.one_class_each:
        return (
            f"split: random, for most of the {found.writers:,} writers have one class only: "
            "are they people? [source.writers] in a recipe says who is who"
        )
    why = f"only {counted(found.writers, 'writer')}" if found.writers else "writers are not known"
    return f"split: random, {why}: a result says nothing about other people's hands"


def _fault_lines(found: Findings) -> list[str]:
    result = []
    if found.layout.others:
        others = found.layout.others
        result.append(
            f"{counted(len(others), 'file')} left aside as no image by name: {_some(others)}"
        )
    bad = {**found.pixels.faults, **({"blank": found.pixels.blank} if found.pixels.blank else {})}
    if bad:
        of = found.pixels.count + sum(found.pixels.faults.values())
        counts = ", ".join(f"{n} {reason}" for reason, n in bad.items())
        result.append(f"of {of} looked at will be dropped: {counts}")
    return result


def _some(texts: "list[str] | tuple[str, ...]") -> str:
    shown = ", ".join(texts[:_SHOWN])
    return f"{shown} …" if len(texts) > _SHOWN else shown
