"""What `accuracy.py` trains and judges: the lines of the tables, with what was published beside."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """A training, and the row that it makes."""

    name: str
    """Of the run; lines are chosen by its beginning."""
    data: str
    """A recipe of `benchmarks/protocols`, or a shipped one."""
    model: str
    seconds: int
    """Of training; 0 where the model has its own end."""
    title: str
    """Of the data."""
    split: str
    published: str
    """Top-1 of others, on their own splits."""
    flags: tuple[str, ...] = ()
    init: str = ""
    """The line whose weights it begins with."""
    cases: bool = False
    """Whether the accuracy with upper and lower case as one is told too."""

    @property
    def shown(self) -> str:
        """The model as the table has it."""
        flags = f" {' '.join(self.flags)}" if self.flags else ""
        return f"`{self.model}{flags}`" + (f", begun with `{self.init}`" if self.init else "")


PEN = ("--augment", "bend,affine,thicken,thin")
"""`photo` without what cameras and sheets do: better on the validation split of by merge."""
GENTLE = (*PEN, "--lr", "0.03")
"""For few steps, of which 0.1, `glyphnet`'s own, lost the first 400 by the loss on MNIST."""
TUNING = (*PEN, "--lr", "0.02")
"""For what begins with the weights of another."""
SMOOTHED = ("--augment", "bend,rotate,thicken,thin", "--lr", "0.05", "--label-smoothing", "0.1")
"""Turning was better than `PEN` on the validation split of by merge, smoothing on letters'."""

FIELD = (
    Line("field-bymerge", "bymerge", "glyphnet", 660, "EMNIST by merge", "official test",
         "91.80 % [1] as remembered, not looked up again, trained on 697,932", PEN),
    Line("field-letters", "letters", "glyphnet", 600, "letters, cases merged", "a fifth held out",
         "95.96 % [1], EMNIST letters, trained on 124,800", SMOOTHED),
    Line("field-mnist", "mnist", "glyphnet", 480, "MNIST", "official test",
         "99.83 % [2]; ensembles 99.87 % [2], 99.91 % [3]", GENTLE),
    Line("small-mnist", "mnist", "glyphnet-small", 300, "MNIST", "official test",
         "99.83 % [2]; ensembles 99.87 % [2], 99.91 % [3]"),
    Line("field-dhcd", "dhcd", "glyphnet", 300, "DHCD, Devanagari", "official test",
         "98.47 % [4]; 99.19 % [5], chosen on the test set", GENTLE),
    Line("small-dhcd", "dhcd", "glyphnet-small", 300, "DHCD, Devanagari", "official test",
         "98.47 % [4]; 99.19 % [5], chosen on the test set"),
    Line("field-ahcd", "ahcd", "glyphnet", 300, "AHCD, Arabic letters",
         "official test, other writers", "94.9 % [6], 97.6 % [7], 98.48 % [8]", PEN),
    Line("field-hangul", "hangul", "glyphnet", 150, "Hangul", "by writer",
         "none by writer; at random below", GENTLE),
    Line("field-chinese", "chinese-mnist", "glyphnet", 180, "Chinese numerals", "by writer",
         "97.92 % [9], at random", GENTLE),
    Line("field-baybayin", "baybayin", "glyphnet", 360, "Baybayin, 63 syllables", "by writer",
         "94 % [10], validation, at random", GENTLE),
    Line("field-chars74k", "english-handwritten", "glyphnet", 75,
         "Chars74K, Latin by hand, 62 classes", "by writer", "73.37 % [5], chosen on the test set",
         TUNING, init="field-bymerge", cases=True),
    Line("field-scripts", "multi-script", "glyphnet", 210, "which of six scripts",
         "by writer, official for Arabic and Devanagari", "90 %, at random, below", GENTLE),
    Line("small-scripts", "multi-script", "glyphnet-small", 240, "which of six scripts",
         "by writer, official for Arabic and Devanagari", "90 %, at random, below"),
)  # fmt: skip
"""[1] and so on: docs/accuracy.md."""
CLASSICS = (
    Line("hangul-mlp", "hangul", "mlp", 30, "Hangul", "by writer",
         "92.9 %, random, after rotated copies were made"),
    Line("hangul-lenet", "hangul", "lenet", 60, "Hangul", "by writer", "99.0 %, the same"),
    Line("hangul-random-mlp", "hangul-random", "mlp", 30, "Hangul", "at random",
         "92.9 %, the same"),
    Line("hangul-random-lenet", "hangul-random", "lenet", 60, "Hangul", "at random",
         "99.0 %, the same"),
    Line("letters-perceptron", "letters", "perceptron", 30, "letters, cases merged",
         "a fifth held out", "69.9 %, at random"),
    Line("letters-512-256", "letters", "perceptron", 60, "letters, cases merged",
         "a fifth held out", "88.3 %, at random", ("--hidden", "512,256")),
    Line("letters-tanhexp", "letters", "perceptron", 60, "letters, cases merged",
         "a fifth held out", "91.25 %, top-5 99.25 %, at random, 3 times the letters",
         ("--hidden", "512,256,128", "--activation", "tanhexp")),
    Line("letters-affine", "letters", "perceptron", 72, "letters, cases merged",
         "a fifth held out", "the same",
         ("--hidden", "512,256,128", "--activation", "tanhexp", "--augment", "affine")),
    Line("multi-sequential", "multi-script", "sequential", 60, "which of six scripts",
         "by writer", "85.5 %, at random"),
    Line("multi-rnn", "multi-script", "rnn", 90, "which of six scripts", "by writer",
         "86 %, at random"),
    Line("multi-cnn", "multi-script", "cnn", 60, "which of six scripts", "by writer",
         "90 %, at random"),
    Line("hex-mlp", "hex", "hex-mlp", 30, "digits 0 to F", "a fifth held out",
         "88 %, at random, with empty cells"),
    Line("hex-cnn", "hex", "hex-cnn", 90, "digits 0 to F", "a fifth held out", "98 %, the same"),
    Line("hex-svm", "hex", "svm", 0, "digits 0 to F", "a fifth held out",
         "92 %, the same, of 10,000 images"),
    Line("maths-lenet", "bhmsds", "lenet", 30, "maths symbols", "at random", "none"),
    Line("maths-alexnet", "bhmsds", "alexnet", 240, "maths symbols", "at random",
         "81.9 %, another set of 19 classes"),
)  # fmt: skip
"""Models of older works, as these have them."""
LINES = (*FIELD, *CLASSICS)
