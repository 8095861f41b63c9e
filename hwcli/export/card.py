"""The card in an export: what is in it, whose it is, and how it is loaded."""

from hwcli.characters import codepoints
from hwcli.export.layout import Job, Layout
from hwcli.shards import Split


def card(job: Job, layout: Layout, kind: str) -> bytes:
    """CARD.md of an export, Markdown in UTF-8."""
    info, how = job.info, job.info.normalisation
    rows = [f"| {name} | {script} | {_cells(by)} |" for (name, script), by in _counts(job).items()]
    lines = [
        f"# {_line(info.title or info.name)}",
        "",
        f"The dataset `{info.name}` of handwritten characters, exported as {kind} by hwcli: "
        f"{len(job.grouped):,} images of {how.size}×{how.size}, ink 255 on 0, "
        f"{len(info.classes):,} classes.",
        "",
        "| source | script | train | val | test |",
        "|---|---|---:|---:|---:|",
        *rows,
        "",
        "## Use",
        "",
        "```python",
        layout.use,
        "```",
        "",
        "`hwcli ingest recipe.toml` makes the dataset of hwcli of it again.",
        "",
        "## Licences and citations",
        "",
        *_sources(job),
        *_missing(job),
        "## Classes",
        "",
        *_classes(job, layout),
    ]
    return ("\n".join(lines).rstrip() + "\n").encode("utf-8", "replace")


def _counts(job: Job) -> dict[tuple[str, str], list[int]]:
    """Rows by source and script, for each split."""
    counts: dict[tuple[str, str], list[int]] = {}
    for group, rows in job.grouped.sizes.items():
        key = (job.name_of(group), job.info.scripts[group.script])
        counts.setdefault(key, [0] * len(Split))[group.split] += rows
    return counts


def _cells(numbers: list[int]) -> str:
    return " | ".join(f"{n:,}" for n in numbers)


def _sources(job: Job) -> list[str]:
    lines = []
    for source in dict.fromkeys(source for source, _ in job.names):
        entry = job.info.sources[source]
        may = "may be passed on" if entry.redistributable else "**not known to be redistributable**"
        lines += [
            f"**{_line(entry.name)}**: {_line(entry.license or 'not stated')}; {may}.",
            _line(entry.citation),
            *([f"<{_line(entry.homepage)}>"] if entry.homepage else []),
            "",
        ]
    return lines


def _missing(job: Job) -> list[str]:
    """What the dataset says is not as it should be, or not as it was published."""
    recipe = job.info.recipe
    told = [*(f"missing: {m}" for m in recipe.get("missing", ())), *recipe.get("notes", ())]
    told += (f"corrections: {each.summary()}" for each in job.info.corrections)
    return ["## Notes", "", *(f"- {_line(text)}" for text in told), ""] if told else []


def _classes(job: Job, layout: Layout) -> list[str]:
    characters = job.info.classes
    numbers = tuple(str(k) for k in range(len(characters)))
    folders = layout.labels if layout.labels not in (numbers, characters) else ()
    head = ("number", *(["folder"] if folders else []), "character", "code points")
    rows = [
        (number, *folders[k : k + 1], _cell(characters[k]), codepoints(characters[k]))
        for k, number in enumerate(numbers)
    ]
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]


def _cell(character: str) -> str:
    return "".join(f"\\{c}" if c in "\\|`*_[]<>#~" else c for c in _line(character))


def _line(text: str) -> str:
    """`text` on one line."""
    return " ".join(text.split()) or text
