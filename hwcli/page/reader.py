"""The way of a photo: load, find the ink, segment, lay out, classify."""

from collections import Counter
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hwcli.classify import Classifier, top_k
from hwcli.errors import ModelError
from hwcli.glyph import normalise
from hwcli.page.ink import Ink, find_ink
from hwcli.page.layout import Layout, lay_out
from hwcli.page.photo import MAX_MEGAPIXELS, Photo, load_photo
from hwcli.page.reading import Box, Candidate, Glyph, Line, Page, Word, bounding_box
from hwcli.page.rulings import remove_rulings
from hwcli.page.segment import Segments, is_form, segment

_NO_SCRIPT = "Zyyy"
"""ISO 15924 for an undetermined script."""


class Reader:
    """Reads photos with one model."""

    def __init__(self, model: Path, *, topk: int = 1, threads: int = 0) -> None:
        """Load `model`, an ONNX file; `topk` is how many candidates each glyph gets.

        Raises:
            ModelError: a bad model file, or one that tells scripts rather than characters.
        """
        self.classifier = Classifier(model, threads=threads)
        self.topk = topk
        self.name = model.parent.name if model.name == "model.onnx" else model.stem
        if self.classifier.info.target != "char":
            raise ModelError(
                f"{model}: tells {self.classifier.info.target}s, not characters",
                hint="train with --target char",
            )

    def read_file(self, path: Path, *, max_megapixels: float = MAX_MEGAPIXELS) -> Page:
        """What is written on the photo at `path`.

        Raises:
            InputError: the photo cannot be read.
            ModelError: the model fails.
        """
        return self.read(load_photo(path, max_megapixels=max_megapixels), str(path))

    def read(self, photo: Photo, name: str) -> Page:
        """What is written on `photo`; `name` becomes the record's file."""
        ink = find_ink(photo.grey)
        cleaned = remove_rulings(ink)
        segments = segment(ink, cleaned)
        layout = lay_out(segments.boxes, segments.scale, isolated=is_form(cleaned))
        glyphs = self._glyphs(ink, segments, layout, photo)
        scripts = Counter(g.script for g in glyphs)
        return Page(
            file=name,
            width=photo.width,
            height=photo.height,
            script=scripts.most_common(1)[0][0] if scripts else _NO_SCRIPT,
            lines=_lines(glyphs),
            glyphs=glyphs,
            model=self.name,
            angle_deg=round(layout.angle_deg, 1),
            inverted=ink.inverted,
        )

    def _glyphs(
        self, ink: Ink, segments: Segments, layout: Layout, photo: Photo
    ) -> tuple[Glyph, ...]:
        how = self.classifier.info.normalisation
        images, places = [], []
        for place, index in enumerate(layout.order.tolist()):
            image = normalise(segments.crop(index, ink), how)
            if image is not None:
                images.append(image)
                places.append(place)
        stack = np.stack(images) if images else np.empty((0, how.size, how.size), np.uint8)
        probabilities = self.classifier.probabilities(stack)
        best = top_k(probabilities, self.topk)
        return tuple(
            Glyph(
                box=_on_photo(segments.boxes[layout.order[place]], photo),
                line=int(layout.line[place]),
                word=int(layout.word[place]),
                script=self.classifier.info.scripts[best[row, 0]],
                candidates=self._candidates(probabilities[row], best[row]),
            )
            for row, place in enumerate(places)
        )

    def _candidates(
        self, probabilities: NDArray[np.float32], best: NDArray[np.intp]
    ) -> tuple[Candidate, ...]:
        classes = self.classifier.info.classes
        return tuple(Candidate(classes[i], round(float(probabilities[i]), 4)) for i in best)


def _on_photo(box: NDArray[np.int32], photo: Photo) -> Box:
    """`box` in the pixels of the photo itself."""
    x0, y0, x1, y1 = (int(v) * photo.reduced for v in box)
    return Box(x0, y0, min(x1, photo.width), min(y1, photo.height))


def _lines(glyphs: tuple[Glyph, ...]) -> tuple[Line, ...]:
    lines = []
    for _, members in groupby(glyphs, key=lambda g: g.line):
        words = []
        for _, letters in groupby(members, key=lambda g: g.word):
            together = list(letters)
            words.append(
                Word(bounding_box([g.box for g in together]), "".join(g.char for g in together))
            )
        lines.append(
            Line(
                bounding_box([w.box for w in words]), " ".join(w.text for w in words), tuple(words)
            )
        )
    return tuple(lines)
