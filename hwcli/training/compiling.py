"""`torch.compile`, where this platform can."""

import logging
from typing import cast

import torch
from torch import Tensor, nn

logger = logging.getLogger(__name__)


def compiled(model: nn.Module, inputs: Tensor, *, bf16: bool) -> nn.Module:
    """`model` compiled, once it was seen to work on `inputs`; else `model`, and a line says so.

    Nothing of `model` changes by the trial: it takes the statistics and random numbers back.
    """
    device = inputs.device
    before = {name: value.clone() for name, value in model.state_dict().items()}
    try:
        faster = cast("nn.Module", torch.compile(model))
        with (
            torch.random.fork_rng(devices=[device] if device.type == "cuda" else []),
            torch.autocast(device.type, torch.bfloat16, enabled=bf16),
        ):
            faster.train()(inputs).float().sum().backward()
    except (RuntimeError, OSError, ImportError, AttributeError, TypeError, ValueError) as error:
        # No compiler, an operation it cannot take, a Python too new: each in its own class.
        reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
        logger.warning("--compile: goes on without, torch cannot compile this here (%s)", reason)
        faster = model
    finally:
        model.load_state_dict(before)
        model.zero_grad()
    return faster
