"""Several models on the same data and split, judged alike."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from hwcli.classify import Classifier
from hwcli.dataset import Dataset
from hwcli.errors import DatasetError, HwcliError
from hwcli.judging.predictions import predict
from hwcli.models.table import Option
from hwcli.progress import Progress, silent
from hwcli.shards import Split
from hwcli.training.loop import Epoch
from hwcli.training.options import TrainOptions
from hwcli.training.runs import ONNX
from hwcli.training.train import train


@dataclass(frozen=True, slots=True)
class Contender:
    """A model that is compared."""

    name: str
    model_options: Mapping[str, Option]
    options: TrainOptions


@dataclass(frozen=True, slots=True)
class Compared:
    """A row of the comparison; with an `error` nothing else is known."""

    model: str
    folder: Path
    val: float = 0.0
    """Top-1 accuracy on the validation split, of the epoch that was kept, in [0, 1]."""
    test: float | None = None
    """Top-1 accuracy of the written `model.onnx` on the test split; None without such a split."""
    parameters: int = 0
    epochs: int = 0
    seconds: float = 0.0
    """Of training."""
    images_per_s: float = 0.0
    """Of the training part of an epoch, the median."""
    error: str = ""
    """Why there is no model, in one line."""


def contend(
    contender: Contender,
    dataset: Dataset,
    folder: Path,
    *,
    progress: Progress,
    on_epoch: Callable[[Epoch], None],
) -> Compared:
    """Train one of several models into `folder`, which exists, and judge it on the test split.

    Raises:
        DatasetError: the data are at fault, so that no other model would do better.
    """
    epochs: list[Epoch] = []

    def told(epoch: Epoch) -> None:
        epochs.append(epoch)
        on_epoch(epoch)

    try:
        result = train(
            contender.name, dataset, contender.options, folder,
            model_options=contender.model_options, progress=progress, on_epoch=told,
        )  # fmt: skip
        test = _on_test(folder, contender, dataset)
    except DatasetError:
        raise
    except HwcliError as error:
        return Compared(contender.name, folder, error=error.message)
    return Compared(
        contender.name,
        folder,
        val=result.best.val_accuracy,
        test=test,
        parameters=result.parameters,
        epochs=result.epochs,
        seconds=result.seconds,
        images_per_s=median(e.images_per_s for e in epochs) if epochs else 0.0,
    )


def _on_test(folder: Path, contender: Contender, dataset: Dataset) -> float | None:
    """Top-1 accuracy of the written model on the test split, by the code of `hwcli eval`."""
    if not dataset.info.counts.get("split", {}).get(Split.test.name):
        return None
    classifier = Classifier(folder / ONNX, threads=contender.options.threads)
    return predict(classifier, dataset, Split.test, progress=silent).accuracy()


def ranked(rows: Sequence[Compared]) -> list[Compared]:
    """Best on the validation split first, since the test split is not for choosing; then faults."""
    return sorted(rows, key=lambda row: (bool(row.error), -row.val, row.parameters, row.model))
