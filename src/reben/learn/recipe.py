"""The training recipe: everything that decides what a run learns, with the paper's values as defaults.

Source: reBEN paper, section III, and the published training scripts (weight decay, start and end of the learning rate).
"""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from reben.core.bands import select_bands
from reben.core.errors import RecipeError

Share = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[int, Field(gt=0)]


class Recipe(BaseModel):
    """How a model is trained. Unknown settings and values out of range are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    model: str
    """timm name of the architecture, such as resnet50."""
    bands: str = "all"
    """`s1`, `s2`, `all`, or band names joined by commas; the order of the channels."""
    epochs: Positive = 100
    """Most passes over the training set."""
    batch_size: Positive = 512
    """Patches per step."""
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    """Highest learning rate, reached after the warm-up."""
    warmup_steps: Annotated[int, Field(ge=0)] = 1000
    """Steps of linear rise from a tenth of the learning rate; at most half of all steps (see `schedule`)."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    """AdamW's decoupled weight decay."""
    dropout: Share = 0.15
    """Dropout before the classifier."""
    drop_path: Share = 0.15
    """Stochastic depth."""
    patience: Positive = 5
    """Epochs without a better validation macro AP after which training stops."""
    snow_and_cloud: bool = False
    """Whether patches with seasonal snow, clouds or cloud shadows take part."""
    shuffle_block: Positive = 1
    """Neighbouring patches that stay near each other when training patches are shuffled; 1 shuffles everything."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 42
    """Of weights, order, flips and dropout."""

    @model_validator(mode="after")
    def _check_bands(self) -> Self:
        select_bands(self.bands)
        return self


def make_recipe(**settings: object) -> Recipe:
    """A recipe from settings.

    Raises:
        RecipeError: if a setting is unknown or out of range.
        BandError: if a band is unknown.
    """
    select_bands(str(settings.get("bands", "all")))  # its error has a hint, which pydantic would swallow
    try:
        return Recipe.model_validate(settings)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"])) or "recipe"
        raise RecipeError(f"{name} = {first['input']!r}: {first['msg']}") from error
