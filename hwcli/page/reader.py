"""The way of a photo: load, find the ink, segment, lay out, classify."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from hwcli.characters import NO_CHARACTER
from hwcli.classify import name_of, open_model, probabilities_of, top_k
from hwcli.errors import ModelError
from hwcli.glyph_batch import normalise_all
from hwcli.page.case import merged_letters
from hwcli.page.choice import Choice, allowed_classes, as_allowed
from hwcli.page.company import Company, Told, told_alone
from hwcli.page.components import Boxes
from hwcli.page.direction import in_reading_order
from hwcli.page.find import Found, find_on_sheet
from hwcli.page.finder import BUNDLED, Finder, find_finder
from hwcli.page.grey import Grey
from hwcli.page.ink import Ink
from hwcli.page.layout import Layout, lay_out, renumbered
from hwcli.page.photo import MAX_MEGAPIXELS, Photo, load_photo
from hwcli.page.reading import Box, Candidate, Glyph, Page, lines_of
from hwcli.page.segments import Segments
from hwcli.page.settle import settle
from hwcli.page.turned import turned, turned_back, turned_photo
from hwcli.page.upright import Judge, stand
from hwcli.review.doubts import ALTERNATIVES, Doubts, Reviewing, doubts_of

DOUBTFUL = "doubtful"
"""Flag of a glyph whose confidence is below the least that was asked for."""
_NO_CHARACTER = 0.85
"""From this probability on, what was found is no character, and is not told."""
_NO_SCRIPT = "Zyyy"
"""ISO 15924 for an undetermined script."""


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """What is asked of the glyphs."""

    topk: int = 1
    """Candidates for each; at most all classes."""
    context: bool = True
    """Whether look-alikes are settled by their line."""
    choice: Choice = field(default_factory=Choice)
    """The characters there can be."""
    min_confidence: float = 0.0
    """Below which a glyph is doubtful, in [0, 1]."""
    reject_char: str = ""
    """What is written for a doubtful glyph; its likeliest character if empty."""
    reviewing: Reviewing | None = None
    """Which glyphs are wanted for a review, with what that needs; it changes no record."""
    quarters: int | None = None
    """How far photos are to be turned clockwise to be upright; None to find out."""


class Reader:
    """Reads photos with one model."""

    def __init__(
        self,
        model: Path,
        options: ReadingOptions = ReadingOptions(),
        *,
        device: str = "auto",
        threads: int = 0,
        finder: Path | None = None,
    ) -> None:
        """Load `model`, a file.

        Args:
            model: ONNX, or safetensors for torch.
            options: what is asked of the glyphs.
            device: `auto` is ONNX Runtime on the CPU, others are torch's.
            threads: of the CPU and, in all of this process, of OpenCV; 0 for one a core.
            finder: an ONNX file that finds the characters; None for the bundled one.

        Raises:
            ModelError: a bad model file, or one that tells scripts rather than characters.
            UsageError: none of the characters asked for is known to it, or no such device.
            DependencyError: the device is not here.
        """
        if threads:
            cv2.setNumThreads(threads)
        self.classifier = open_model(model, device=device, threads=threads)
        self._options = options
        self._finder = Finder(finder or find_finder(BUNDLED), threads=threads)
        info = self.classifier.info
        self._none = info.classes.index(NO_CHARACTER) if NO_CHARACTER in info.classes else None
        merged = merged_letters(info.classes)
        self._among = allowed_classes(options.choice, info.classes, info.scripts, merged)
        can_be = np.array([c != NO_CHARACTER for c in info.classes], np.bool_)
        self._can_be = can_be if self._among is None else can_be & self._among
        self._company = Company(info.classes, info.scripts, self._can_be)
        count = int(self._can_be.sum())
        self._topk = min(options.topk, count)
        self._looked_at = min(max(options.topk, ALTERNATIVES * bool(options.reviewing)), count)
        self.name = name_of(model)
        if info.target != "char":
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

    def read(self, photo: Photo, name: str, page: int | None = None) -> Page:
        """What is written on `photo`; `name` becomes the record's file, `page` its page."""
        quarters, found = self._find(photo.grey)
        photo, segments = turned_photo(photo, quarters), found.segments
        layout = lay_out(segments.boxes, segments.scale)
        limits = [photo.width, photo.height] * 2
        boxes = found.on_photo()[layout.order] * photo.reduced
        boxes = np.minimum(boxes, limits).astype(np.int32)
        glyphs, doubts = self._glyphs(photo, found.ink, segments, layout, boxes)
        scripts = Counter(g.script for g in glyphs)
        upright = Page(
            file=name,
            width=photo.width,
            height=photo.height,
            script=scripts.most_common(1)[0][0] if scripts else _NO_SCRIPT,
            lines=lines_of(glyphs),
            glyphs=glyphs,
            model=self.name,
            angle_deg=round(layout.angle_deg + (found.turn.angle_deg if found.turn else 0.0), 1),
            inverted=found.ink.inverted,
            page=page,
            doubts=doubts,
        )
        return turned_back(upright, quarters)

    def _find(self, grey: Grey) -> tuple[int, Found]:
        """How many quarters the photo is to be turned clockwise, and what is on it then."""

        def look(quarters: int) -> Found:
            found = find_on_sheet(turned(grey, quarters), self._finder, self._told)
            return replace(found, segments=settle(found.segments, found.ink, self.sure))

        asked = self._options.quarters
        if asked is not None:
            return asked, look(asked)
        return stand(look, Judge(self.classifier, self._among))

    def sure(self, crops: Sequence[Grey]) -> NDArray[np.float32]:
        """How probable it is that each of `crops` is a character; 0 for no ink.

        By a model that has no class for what is none, the probability of the likeliest character.
        """
        told = self._alone(crops)
        if self._none is None:
            return np.asarray(told.max(axis=1, initial=0), np.float32)
        return np.asarray(told.sum(axis=1) - told[:, self._none], np.float32)

    def _told(self, found: Found) -> NDArray[np.float32]:
        """The probability of the likeliest character of each that was found; 0 for no ink."""
        segments = found.segments
        told = self._alone([segments.crop(n, found.ink) for n in range(len(segments.boxes))])
        return np.asarray(told[:, self._can_be].max(axis=1, initial=0), np.float32)

    def _alone(self, crops: Sequence[Grey]) -> NDArray[np.float32]:
        """(N, classes) what each of `crops` is by itself; all 0 for no ink."""
        info = self.classifier.info
        images, inked = normalise_all(crops, info.normalisation)
        told = np.zeros((len(crops), len(info.classes)), np.float32)
        told[inked] = probabilities_of(self.classifier, images[inked], among=self._among)
        return told

    def _glyphs(
        self, photo: Photo, ink: Ink, segments: Segments, layout: Layout, boxes: Boxes
    ) -> tuple[tuple[Glyph, ...], Doubts | None]:
        """The glyphs in reading order, and the doubtful ones; `boxes` are in the layout's."""
        info = self.classifier.info
        how = info.normalisation
        crops = [segments.crop(index, ink) for index in layout.order.tolist()]
        images, inked = normalise_all(crops, how)
        places = np.flatnonzero(inked)
        probabilities = probabilities_of(self.classifier, images[places], among=self._among)
        if self._none is not None:
            kept = probabilities[:, self._none] < _NO_CHARACTER
            places, probabilities = places[kept], probabilities[kept]
        boxes = boxes[places]
        line, word = renumbered(layout.line[places], layout.word[places])
        told = (
            self._company.told(images[places], probabilities, boxes, line, word)
            if self._options.context
            else told_alone(probabilities)
        )
        glyphs = self._named(told, line, word, boxes)
        glyphs, order = in_reading_order(glyphs)
        wanted = self._options.reviewing
        if wanted is None:
            return glyphs, None
        inks = [crops[place] for place in places[order]]
        doubts = doubts_of(photo, glyphs, inks, wanted, how, info.classes)
        return tuple(replace(g, candidates=g.candidates[: self._topk]) for g in glyphs), doubts

    def _named(
        self, told: Told, line: NDArray[np.int32], word: NDArray[np.int32], boxes: Boxes
    ) -> tuple[Glyph, ...]:
        """Glyphs with their candidates."""
        best = self._best(told.probabilities, self._looked_at)
        glyphs = []
        for row, flags in enumerate(told.flags):
            candidates = self._candidates(told.probabilities[row], best[row], told.written[row])
            doubtful = candidates[0].p < self._options.min_confidence  # as it is told
            glyphs.append(
                Glyph(
                    box=Box(*boxes[row].tolist()),
                    line=int(line[row]),
                    word=int(word[row]),
                    script=self.classifier.info.scripts[best[row, 0]],
                    candidates=candidates,
                    flags=(*flags, DOUBTFUL) if doubtful else flags,
                    instead=self._options.reject_char if doubtful else "",
                )
            )
        return tuple(glyphs)

    def _best(self, probabilities: NDArray[np.float32], k: int) -> NDArray[np.intp]:
        """The `k` likeliest characters of each, best first: none that cannot be."""
        return top_k(np.where(self._can_be, probabilities, -1), k)

    def _candidates(
        self, probabilities: NDArray[np.float32], best: NDArray[np.intp], written: dict[str, str]
    ) -> tuple[Candidate, ...]:
        chars = (self.classifier.info.classes[i] for i in best)
        choice = self._options.choice
        return tuple(
            Candidate(as_allowed(written.get(c, c), choice), round(float(p), 4))
            for c, p in zip(chars, probabilities[best], strict=True)
        )
