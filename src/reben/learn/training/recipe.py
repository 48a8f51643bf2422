"""The training recipe: everything that decides what a run learns, with the paper's values as defaults.

Source: reBEN paper, section III, and the published training scripts (weight decay, start and end of the learning rate).
"""

from typing import Annotated, Literal, Self

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
    task: Literal["classification", "segmentation"] = "classification"
    """Labels of the whole patch, or a class for each pixel."""
    bands: str = "all"
    """`s1`, `s2`, `all`, or band names joined by commas; the order of the channels."""
    epochs: Positive = 100
    """Most passes over the training set."""
    batch_size: Positive = 512
    """Patches per step of the optimiser, over all processes and parts."""
    accumulate: Positive = 1
    """Parts of a batch that are computed one after the other, where a whole batch does not fit into memory."""
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
    precision: Literal["float32", "bfloat16"] = "float32"
    """Of the arithmetic; bfloat16 keeps weights and metrics in float32."""
    channels_last: bool = False
    """Memory order of images and weights: channels last is faster for convolutions on recent GPUs."""
    compile: bool = False
    """Compile the model with `torch.compile`: minutes at the start, faster steps."""

    @model_validator(mode="after")
    def _check_bands(self) -> Self:
        select_bands(self.bands)
        return self

    @model_validator(mode="after")
    def _check_parts(self) -> Self:
        if self.batch_size % self.accumulate:
            raise ValueError(f"batch_size = {self.batch_size} cannot be cut into {self.accumulate} equal parts")
        return self


RECIPES: dict[str, dict[str, object]] = {"paper": {}}
"""Named recipes, each as what differs from the defaults; the defaults are the paper's."""


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
        raise _refusal(error) from error


def _refusal(error: ValidationError) -> RecipeError:
    """The first of pydantic's complaints in our words."""
    first = error.errors()[0]
    name = ".".join(map(str, first["loc"]))
    if first["type"] == "extra_forbidden":
        return RecipeError(
            f"{name} = {first['input']!r}: there is no such setting",
            hint=f"the settings of a recipe are {', '.join(Recipe.model_fields)}",
        )
    if first["type"] == "missing":
        return RecipeError(f"{name} is missing", hint=f"give --{name}, or {name}: in the configuration file")
    message = first["msg"].removeprefix("Value error, ")
    return RecipeError(f"{name} = {first['input']!r}: {message}" if name else message)
