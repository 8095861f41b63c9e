"""Classification of glyphs by torch: the weights themselves, on a GPU where there is one."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from hwcli.checkpoint import load_weights
from hwcli.classify import BATCH
from hwcli.models.scale import eval_batch
from hwcli.training.data import as_input
from hwcli.training.device import pick_device, threaded, within_memory

_GPU_BATCH = 8192
"""Glyphs per call on a GPU, which small batches would leave idle."""


class TorchClassifier:
    """A `model.safetensors`: glyphs in, logits out; the counterpart of `Classifier`."""

    def __init__(self, path: Path, *, device: str = "auto", threads: int = 0) -> None:
        """Load the weights at `path`; `threads` 0 takes one a core.

        Raises:
            ModelError: missing, damaged, or not what its metadata says.
            UsageError, DependencyError: no such device.
        """
        self.path = path
        self._device = pick_device(device)
        self._threads = threads
        model, self.info = load_weights(path)
        with within_memory():
            self._model = model.to(self._device).to(memory_format=torch.channels_last)
        most = BATCH if self._device.type == "cpu" else _GPU_BATCH
        self._batch = eval_batch(model, most)

    @torch.no_grad()
    def logits(self, glyphs: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Logits, float32 (N, classes), of `glyphs`, uint8 (N, size, size), ink 255 on 0.

        Raises:
            ModelError: the device's memory is full.
        """
        parts = [np.empty((0, len(self.info.classes)), np.float32)]
        with threaded(self._threads), within_memory():
            for start in range(0, len(glyphs), self._batch):
                some = torch.from_numpy(glyphs[start : start + self._batch]).to(self._device)
                inputs = as_input(some).contiguous(memory_format=torch.channels_last)
                parts.append(self._model(inputs).float().cpu().numpy())
        return np.concatenate(parts)
