"""The training loop, from a dataset to a run folder.

The split lies in memory as uint8 and is indexed in batches, or comes in shuffled blocks from the
disk; augmentation runs on whole batches on the device; the passes run in bfloat16 where that is
faster, in channels-last order; the loss is looked at every few steps, so that nobody waits for it.
On one core with AVX-512, LeNet with rotation trains at nine tenths of the speed of the bare passes
(`benchmarks/train.py`); 97 k parameters on 2 cores: 8.9 k images/s, 3.7 k in fp32 as torch comes.
"""

import copy
import logging
import math
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor, nn

from hwcli.checkpoint import save_weights
from hwcli.errors import ModelError
from hwcli.model_info import ModelInfo
from hwcli.progress import Progress
from hwcli.training.augment import augment
from hwcli.training.compiling import compiled
from hwcli.training.crew import Place
from hwcli.training.data import TrainingData, as_input
from hwcli.training.distributed import Crew
from hwcli.training.judging import Losses, validate
from hwcli.training.optim import Average, loss_of, lr_share, make_optimizer
from hwcli.training.options import TrainOptions
from hwcli.training.runs import STATE, WEIGHTS, append_epoch, write_epochs
from hwcli.training.runs import Epoch as Epoch
from hwcli.training.sampling import numbers_for, seed_of
from hwcli.training.state import SCHEMA, Standing, State, Weights, restore, save_state
from hwcli.training.threads import ThreadWatch

logger = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Run:
    """A run in progress; `model` holds the best weights once `fit` is over."""

    model: nn.Module
    info: ModelInfo
    data: TrainingData
    options: TrainOptions
    device: torch.device
    bf16: bool
    folder: Path
    crew: Crew = field(default_factory=lambda: Crew(Place(), torch.device("cpu")))
    epochs: list[Epoch] = field(default_factory=list)
    best: Epoch | None = None
    step: int = 0
    clock: Callable[[], float] = time.perf_counter
    """Seconds, from whenever."""
    start: float = field(init=False)
    watch: ThreadWatch | None = None

    def __post_init__(self) -> None:
        self.start = self.clock()

    def fit(
        self,
        progress: Progress,
        on_epoch: Callable[[Epoch], None],
        state: State | None = None,
        on_start: Callable[[], None] = lambda: None,
    ) -> None:
        """Train until the epochs, the time or the patience is over; then take the best weights.

        Args:
            progress: is told (steps done, steps in all).
            on_epoch: is told each epoch when its files are written.
            state: to go on from, as `load_state` gives it.
            on_start: is called before anything is written, when `state` has been taken up.

        Raises:
            ModelError: the loss is not finite; with the best weights so far in `model`, as for
                KeyboardInterrupt. Or `state` is another run's.
            KeyboardInterrupt: somebody pressed Ctrl-C.
        """
        options = self.options
        self.model.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.model = self.crew.synced(self.model)
        average = Average(self.model, options.ema) if options.ema else None
        judged = average.model if average else self.model
        optimizer = make_optimizer(self.model, options)
        best = _copied(judged)
        if state:
            restore(state, self.folder / STATE, self.model, optimizer, average)
        on_start()
        if state:
            best = self._go_on(state, judged)
        trained = self._made_ready()
        try:
            while not self._is_over():
                loss, rate = self._epoch(trained, optimizer, average, progress)
                done = self._judge(judged, loss, rate, optimizer.param_groups[0]["lr"])
                if self.best is done:
                    best = _copied(judged)
                self._keep(done, judged, optimizer, average, best)
                on_epoch(done)
        finally:
            self.model.load_state_dict(best)
            self.model.eval()

    def _go_on(self, state: State, judged: nn.Module) -> Weights:
        """Take up the records where `state` left them; the best weights so far."""
        self.epochs = list(state.standing.epochs)
        self.best = self.epochs[state.standing.best - 1]
        self.step = state.standing.step
        self.start = self.clock() - self.epochs[-1].seconds
        if self.crew.place.is_first:
            write_epochs(self.folder, self.epochs)
        return _copied(judged) if state.best is None else state.best

    def _made_ready(self) -> nn.Module:
        """The model as the passes use it: compiled, and wrapped for several processes, if so."""
        images, targets = self.data.train.first(self.options.batch_size)
        images, targets = self.crew.share(images), self.crew.share(targets)
        inputs = as_input(images.to(self.device)).contiguous(memory_format=torch.channels_last)
        alone = self.device.type == "cpu" and self.crew.place.size == 1
        chosen = self.options.threads or self.options.deterministic
        if alone and not chosen and torch.get_num_threads() > 1:
            self.watch = ThreadWatch(self.model.train(), inputs, targets, bf16=self.bf16)
        model = self.model
        if self.options.compile:
            model = compiled(model, inputs, bf16=self.bf16)
        return self.crew.wrap(model)

    def _is_over(self) -> bool:
        if not self.epochs:  # one there is, though getting ready took all the time
            return False
        if self.best and self.options.patience:
            waited = len(self.epochs) - self.best.epoch
            if waited >= self.options.patience:
                logger.info("no better for %d epochs: stopped", waited)
                return True
        return self._share_done() >= 1

    def _steps_an_epoch(self) -> int:
        return max(1, len(self.data.train) // self.options.batch_size)

    def _share_done(self) -> float:
        """How much of the run is over, by steps or by the clock, whichever is further."""
        by_steps = by_time = 0.0
        if self.options.epochs:
            by_steps = self.step / (self.options.epochs * self._steps_an_epoch())
        if self.options.time_s:
            by_time = self.crew.said_by_first((self.clock() - self.start) / self.options.time_s)
        return max(by_steps, by_time)

    def _epoch(
        self,
        trained: nn.Module,
        optimizer: torch.optim.Optimizer,
        average: Average | None,
        progress: Progress,
    ) -> tuple[float, float]:
        """Mean loss, and images a second, of one pass over the training split."""
        options, number, rank = self.options, len(self.epochs) + 1, self.crew.place.rank
        torch.manual_seed(seed_of(options.seed, number, "dropout", rank))
        changes = numbers_for(options.seed, number, "augment", rank, device=self.device)
        batches = self.data.train.batches(
            options.batch_size,
            classes=len(self.info.classes),
            balance=options.balance,
            generator=numbers_for(options.seed, number, "order"),
        )
        trained.train()
        losses = Losses(self.crew, self.step, self._not_finite)
        began, before, share = self.clock(), self.step, self._share_done()
        with closing(batches):
            for images, targets in islice(batches, self._steps_an_epoch()):
                if (
                    share >= 1 and self.step > before
                ):  # an epoch has a step, whatever the clock says
                    break
                for group in optimizer.param_groups:
                    group["lr"] = options.lr * lr_share(options.schedule, share)
                losses.add(self._step(trained, images, targets, optimizer, changes))
                if average:
                    average.update()
                share = self._share_done()
                progress(self.step, round(self.step / max(share, 1e-9)), self._note(losses.mean()))
        total = losses.sum()
        steps = self.step - before
        rate = steps * options.batch_size / max(1e-9, self.clock() - began)
        return total / max(1, steps), rate

    def _note(self, loss: float) -> str:
        """How it goes, for the progress bar."""
        told = [f"loss {loss:.4f}"] if loss else []  # 0 before the first look at it
        if self.epochs:
            told.append(f"validation accuracy {self.epochs[-1].val_accuracy:.4f}")
        return ", ".join(told)

    def _step(
        self,
        trained: nn.Module,
        images: Tensor,
        targets: Tensor,
        optimizer: torch.optim.Optimizer,
        changes: torch.Generator,
    ) -> Tensor:
        """Learn from one batch of all processes; this one's part of its mean loss."""
        began, options, rows = time.perf_counter(), self.options, len(images)
        images, targets = self.crew.share(images), self.crew.share(targets)
        inputs = augment(as_input(images), options.augment, changes, options.flip)
        inputs = inputs.contiguous(memory_format=torch.channels_last)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
            logits = trained(inputs)
        loss = loss_of(logits.float(), targets, options.loss, options.label_smoothing)
        share = len(images) / rows
        optimizer.zero_grad()
        with self.crew.talking():  # gradients become the mean over processes, shares may differ
            part = loss * (share * self.crew.place.size)
            part.backward()  # type: ignore[no-untyped-call]
        if options.clip:
            nn.utils.clip_grad_norm_(self.model.parameters(), options.clip)
        optimizer.step()
        self.step += 1
        if self.watch:
            self.watch.took(time.perf_counter() - began)
        return loss.detach() * share

    def _not_finite(self, what: str) -> ModelError:
        return ModelError(
            f"{what}, epoch {len(self.epochs) + 1}",
            hint=f"a lower learning rate than --lr {self.options.lr:g}, --clip 1, or "
            "--precision fp32",
        )

    def _judge(self, judged: nn.Module, loss: float, rate: float, lr: float) -> Epoch:
        """The epoch that has just ended, entered into the records."""
        val_loss, accuracy = validate(judged, self.data.val, self.options, self.crew, self.device)
        if not math.isfinite(val_loss):
            raise self._not_finite(f"the validation loss is {val_loss} after step {self.step}")
        epoch = Epoch(
            epoch=len(self.epochs) + 1,
            step=self.step,
            loss=loss,
            lr=lr,
            val_loss=val_loss,
            val_accuracy=accuracy,
            seconds=round(self.clock() - self.start, 3),
            images_per_s=round(rate, 1),
        )
        self.epochs.append(epoch)
        if self.best is None or _rank(epoch) > _rank(self.best):
            self.best = epoch
        return epoch

    def _keep(
        self,
        done: Epoch,
        judged: nn.Module,
        optimizer: torch.optim.Optimizer,
        average: Average | None,
        best: Weights,
    ) -> None:
        """Write the epoch's files, each whole or not at all; `state.pt`, the last, counts."""
        if not self.crew.place.is_first:
            return
        is_best = self.best is done
        if is_best:
            save_weights(self.folder / WEIGHTS, judged, self.info)
        append_epoch(self.folder, done)
        assert self.best is not None
        updates = average.updates if average else 0
        standing = Standing(SCHEMA, self.step, self.best.epoch, updates, tuple(self.epochs))
        path = self.folder / STATE
        save_state(path, standing, self.model, optimizer, average, None if is_best else best)


def _copied(model: nn.Module) -> Weights:
    return copy.deepcopy(model.state_dict())


def _rank(epoch: Epoch) -> tuple[float, float]:
    return epoch.val_accuracy, -epoch.val_loss
