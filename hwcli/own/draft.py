"""From findings to a recipe, with comments that say what each line rests on."""

from hwcli.own.findings import Findings
from hwcli.own.look import NOT_STATED
from hwcli.own.names import is_character
from hwcli.own.report import (
    edge_line,
    label_lines,
    polarity_line,
    script_line,
    size_line,
    split_line,
    turn_line,
)
from hwcli.recipe import SCHEMA, Recipe, Source, Splitting
from hwcli.recipe.toml import Comments


def draft(found: Findings) -> Recipe:
    """The recipe that makes the dataset of `found`."""
    source = Source(
        name=found.name,
        script=found.script.code,
        url=found.url,
        format=found.layout.format,
        part=found.layout.parts,
        license=NOT_STATED,
        citation=f"{NOT_STATED} (own images, {found.name})",
        label=found.layout.rule,
        classes=_classes(found),
        invert=found.pixels.invert,
        transpose=found.orientation.turn == "transposed",
        trim_edge=found.pixels.trim_edge,
    )
    return Recipe(
        schema=SCHEMA,
        name=found.name,
        title=f"Own images: {found.name}",
        target="char",
        source=(source,),
        split=Splitting(by=found.split_by),
    )


def _classes(found: Findings) -> dict[str, str]:
    """From label to character, all of them, if one is not its own or is no character."""
    if not found.readings and all(map(is_character, found.labels)):
        return {}
    return {label: found.character(label) for label in found.labels}


def comments(found: Findings) -> Comments:
    """What to say before which line of the recipe."""
    return {
        "": [
            f"Drafted by `hwcli ingest --write-recipe` from {found.place}; edit what is wrong.",
            f"`hwcli ingest THIS-FILE.toml` makes the dataset {found.name}.",
        ],
        "image": ["The square image a network sees: its side, the longer side of the ink in it,",
                  "and the width that thinner strokes are thickened to, px."],
        "split": [split_line(found), "by: official, writer, word or random; val and test are "
                  "shares."],
        "source.script": [script_line(found), "An ISO 15924 code."],
        "source.license": ["Yours to state: who may do what with these images, and who made them."],
        "source.invert": [polarity_line(found)] if found.pixels.invert is not None else [],
        "source.transpose": [turn_line(found)],
        "source.trim_edge": [edge_line(found)],
        "source.part": [],
        "source.label": label_lines(found),
        "source.classes": ["From the label as it stands in the files to the character."],
        "source": [size_line(found), *_unset(found)],
    }  # fmt: skip


def _unset(found: Findings) -> list[str]:
    """Remarks on lines that are not there, since their default holds."""
    lines = []
    if found.pixels.invert is None:
        lines.append(polarity_line(found))
    if found.orientation.turn != "transposed":
        lines.append(turn_line(found))
    if found.layout.rule.pattern == "" and not found.layout.rule.table:
        lines += label_lines(found)
    return lines
