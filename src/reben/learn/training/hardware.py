"""On what a run is computed: processors, GPUs, and several processes of one run.

None of it is part of a recipe: batches are those of the whole run, whatever computes them.
"""

import os
from dataclasses import dataclass

from reben.core.errors import RecipeError

_RANKS = ("RANK", "SLURM_PROCID", "LOCAL_RANK")  # set by torchrun, by SLURM, and by Lightning for processes it starts
_NODES = ("GROUP_RANK", "NODE_RANK")


@dataclass(frozen=True, slots=True)
class Hardware:
    """What to use."""

    accelerator: str = "auto"
    """`auto`, `cpu` or `gpu`."""
    devices: int = 1
    """GPUs per machine; on the CPU, processes per machine."""
    nodes: int = 1
    """Machines."""

    @property
    def strategy(self) -> str:
        """How Lightning brings gradients together."""
        return "ddp" if self.devices * self.nodes > 1 else "auto"

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


def is_first_process() -> bool:
    """Whether this process is the one of its run that writes files and talks to the user."""
    rank = next((os.environ[name] for name in _RANKS if os.environ.get(name)), "0")
    node = next((os.environ[name] for name in _NODES if os.environ.get(name)), "0")
    return rank == "0" and node == "0"
