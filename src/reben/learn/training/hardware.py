"""On what a run is computed: processors, GPUs, and several processes of one run.

None of it is part of a recipe: batches are those of the whole run, whatever computes them.
"""

import os

import torch

from reben.core.errors import RecipeError
from reben.learn.training.options import HardwareOptions

_OF_TORCHRUN = ("RANK",)  # counts all processes; under it the others may be anything
_OF_OTHERS = ("LOCAL_RANK", "NODE_RANK", "SLURM_PROCID")  # Lightning for processes that it starts, and SLURM


class Hardware(HardwareOptions):
    """What to use, and whether it is there."""

    @property
    def strategy(self) -> str:
        """How Lightning brings gradients together."""
        return "ddp" if self.devices * self.nodes > 1 else "auto"

    def expect_available(self) -> None:
        """Check that the machine has what is asked for.

        Raises:
            RecipeError: if it has no GPU, or fewer than `devices`.
        """
        if self.accelerator == "cpu" or (self.accelerator == "auto" and not torch.cuda.is_available()):
            return
        found = torch.cuda.device_count() if torch.cuda.is_available() else int(torch.backends.mps.is_available())
        if found < self.devices:
            raise RecipeError(
                f"{self.devices} GPUs are asked for; PyTorch finds {found}",
                hint="give fewer --devices, or --accelerator cpu; `nvidia-smi` shows what there is",
            )

    def expect_to_share(self, batch_size: int, parts: int) -> None:
        """Check that a batch can be shared equally.

        Raises:
            RecipeError: if it cannot.
        """
        number = self.devices * self.nodes * parts
        if batch_size % number:
            raise RecipeError(
                f"a batch of {batch_size} patches cannot be shared equally among {self.nodes} machines with "
                f"{self.devices} devices and {parts} parts each",
                hint=f"choose a --batch-size that is a multiple of {number}; it counts all devices together",
            )


def gpu_names() -> tuple[str, ...]:
    """The GPUs that PyTorch finds, by name."""
    if not torch.cuda.is_available():
        return ("Apple's",) if torch.backends.mps.is_available() else ()
    return tuple(torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count()))


def is_first_process() -> bool:
    """Whether this process is the one of its run that writes files and talks to the user.

    In an interactive job SLURM gives its shell the number 0, which all processes inherit that Lightning starts there:
    one number that is not 0 is enough to be another process.
    """
    names = _OF_TORCHRUN if os.environ.get("RANK") else _OF_OTHERS
    return all(os.environ.get(name, "") in {"", "0"} for name in names)
