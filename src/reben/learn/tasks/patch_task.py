"""What tasks with a row of outputs per patch have in common: any timm model can learn them."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from reben.learn.tasks.task import Task

if TYPE_CHECKING:
    from torch import nn


class PatchTask(Task):
    """A task whose outputs have the shape (B, outputs)."""

    def output_shape(self, outputs: int, image_size: int) -> tuple[int, ...]:
        return (1, outputs)

    def builders(
        self, timm_name: str, *, channels: int, outputs: int, image_size: int, weights: Mapping[str, Any]
    ) -> "list[Callable[..., nn.Module]]":
        """Return ways of building the timm model.

        Models of a fixed input size are told the size of the images, or else pad them to the size that they are made
        for.
        """
        import timm

        create = partial(timm.create_model, timm_name, in_chans=channels, num_classes=outputs, **weights)
        known = timm.get_pretrained_cfg(timm_name)
        if known is None or not known.fixed_input_size:
            return [create]
        size = {"img_size": image_size}
        return [partial(create, **size), partial(create, **size, dynamic_img_size=True, dynamic_img_pad=True)]
