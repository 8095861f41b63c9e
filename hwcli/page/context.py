"""What a glyph's line and page say of it: the topics that they are about.

A single 0 cannot be told from an O, nor an ا from a 1: what stands beside it can. A line goes
through topics (see `topics`) as a hidden Markov model goes through its states: mostly it keeps to
one, and now and then, sooner between words, it takes up another out of those of its page.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwcli.page.topics import Topics

CONTEXT = "context"
"""Flag of a glyph that its neighbours changed."""

_TEMPER = 0.5
"""Power of what a glyph says of the topic: those of one hand are misread alike, and a glyph that is
surely read may still be read wrongly, so two of them count as one."""
_TURN, _TURN_BETWEEN_WORDS = 0.02, 0.3
"""How likely a topic ends after a glyph within a word, and after the last one of a word."""
_USUAL = 1.0
"""What the usual topics count for on a page, in lines."""
_ROUNDS = 3
"""How often the topics of lines are settled by those of the other lines."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """Probabilities with line and page taken into account."""

    probabilities: NDArray[np.float32]
    """(N, classes); each row sums to 1."""
    changed: NDArray[np.bool_]
    """(N,): the likeliest character is another than without them."""
    small: NDArray[np.float64]
    """(N,): how likely the likeliest character is its small letter, if it stands for both cases."""


def settle_by_topics(
    probabilities: NDArray[np.float32],
    line: NDArray[np.int32],
    word: NDArray[np.int32],
    topics: Topics,
) -> Settled:
    """Probabilities given what the rest of the line, and of the page, is about.

    A glyph's own reading tells nothing of its own topic, so one that stands alone is changed by how
    usual scripts are, and by nothing else. That it is none is as probable as before.

    Args:
        probabilities: (N, classes), rows summing to 1.
        line: (N,) number of each glyph's line.
        word: (N,) number of its word within the line; glyphs of a line are in reading order.
        topics: of the model's classes.
    """
    if not len(probabilities):
        return Settled(probabilities, np.empty(0, np.bool_), np.empty(0))
    order = np.argsort(line, kind="stable")
    own = probabilities[order].astype(np.float64)
    rejected = own[:, topics.rejects].sum(axis=1, keepdims=True)
    told = np.where(topics.rejects, 0.0, own * topics.usual)
    told /= np.maximum(told.sum(axis=1, keepdims=True), 1e-12)
    topics = topics.on_page(told.sum(axis=0))
    evidence = (rejected + (1 - rejected) * (told @ topics.ratio.T)) ** _TEMPER
    topic = _topics_of_others(evidence, _lines(line[order]), _turns(word[order]), topics.prior)
    weighed = _weighed(told, topic @ topics.ratio, topics)
    total = weighed.sum(axis=1, keepdims=True)
    weighed *= (1 - rejected) / np.where(total > 0, total, 1.0)
    settled = np.empty_like(probabilities)
    settled[order] = np.where(topics.rejects, own, weighed)
    best, before = (
        np.where(topics.rejects, -1, p).argmax(axis=1) for p in (settled, probabilities)
    )
    small = np.empty(len(settled))
    small[order] = _small(best[order], topic, topics)
    return Settled(settled, best != before, small)


def _weighed(told: Floats, said: Floats, topics: Topics) -> Floats:
    """`told`, (N, classes), weighed by what the line says; that counts twice among look-alikes."""
    weighed = told * said
    for group in topics.alike:
        twice = weighed[:, group] * said[:, group]
        total = twice.sum(axis=1, keepdims=True)
        both = weighed[:, group].sum(axis=1, keepdims=True)
        weighed[:, group] = twice * (both / np.where(total > 0, total, 1.0))
    return weighed


def _small(best: NDArray[np.intp], topic: Floats, topics: Topics) -> Floats:
    """(N,) how likely each of the classes `best` is its small letter, even if nothing is known.

    Args:
        best: (N,) the class of each glyph.
        topic: (N, topics) how likely each topic is for it.
        topics: of all classes.
    """
    weight = topic * topics.ratio.T[best]
    lower = (weight * topics.small.T[best]).sum(axis=1)
    usual = topics.small_in_any[best]
    lower, upper = lower * (1 - usual), (weight.sum(axis=1) - lower) * usual
    both = lower + upper
    return np.asarray(np.where(both > 0, lower / np.where(both > 0, both, 1.0), 0.5), np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class _Lines:
    """Where lines begin and how long they are, the longest first."""

    start: NDArray[np.intp]
    length: NDArray[np.intp]

    def at(self, place: int) -> NDArray[np.intp]:
        """The glyph at `place` of each line that is so long, in the order of the lines."""
        return self.start[: int((self.length > place).sum())] + place


def _lines(line: NDArray[np.int32]) -> _Lines:
    """The lines of glyphs that are sorted by `line`."""
    start = np.unique(line, return_index=True)[1]
    length = np.diff(start, append=len(line))
    longest_first = np.argsort(-length, kind="stable")
    return _Lines(start[longest_first], length[longest_first])


def _turns(word: NDArray[np.int32]) -> Floats:
    """(N, 1) how likely the topic ends after each glyph."""
    ends = np.append(np.diff(word) != 0, True)
    return np.where(ends, _TURN_BETWEEN_WORDS, _TURN)[:, None]


def _topics_of_others(evidence: Floats, lines: _Lines, turns: Floats, usual: Floats) -> Floats:
    """(N, topics) how likely each topic is for each glyph, by all others.

    Args:
        evidence: (N, topics) how well each glyph goes with each.
        lines: of the page.
        turns: (N, 1) how likely the topic ends after each glyph.
        usual: (topics,) how likely each is before anything is read.
    """
    count = len(lines.start)
    prior = np.tile(usual, (count, 1))
    topic = _by_line(evidence, lines, turns, prior)
    for _ in range(_ROUNDS - 1 if count > 1 else 0):
        at_glyph = topic * evidence
        at_glyph /= at_glyph.sum(axis=1, keepdims=True)
        sums = np.vstack([np.zeros_like(usual), at_glyph.cumsum(axis=0)])
        in_line = (sums[lines.start + lines.length] - sums[lines.start]) / lines.length[:, None]
        prior = (_USUAL * usual + in_line.sum(axis=0) - in_line) / (_USUAL + count - 1)
        topic = _by_line(evidence, lines, turns, prior)
    return topic


def _by_line(evidence: Floats, lines: _Lines, turns: Floats, prior: Floats) -> Floats:
    """(N, topics) how likely each topic is for each glyph, by the others of its line.

    Forward and backward messages (Rabiner 1989), all lines at once; `prior` is (lines, topics).
    """
    before, after = np.empty_like(evidence), np.ones_like(evidence)
    before[lines.start] = prior
    for place in range(1, int(lines.length[0])):
        here = lines.at(place)
        kept = before[here - 1] * evidence[here - 1]
        kept *= (1 - turns[here - 1]) / kept.sum(axis=1, keepdims=True)
        before[here] = kept + turns[here - 1] * prior[: len(here)]
    for place in range(int(lines.length[0]) - 1, 0, -1):
        here = lines.at(place)
        kept = after[here] * evidence[here]
        kept /= kept.max(axis=1, keepdims=True)
        anew = (kept * prior[: len(here)]).sum(axis=1, keepdims=True)
        after[here - 1] = (1 - turns[here - 1]) * kept + turns[here - 1] * anew
    topic = before * after
    return np.asarray(topic / topic.sum(axis=1, keepdims=True), np.float64)
