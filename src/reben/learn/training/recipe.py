"""The training recipe: everything that decides what a run learns, with the paper's values as defaults.

The text below each field is its help on the command line. Source: reBEN paper, section III, and the published training
scripts (weight decay, start and end of the learning rate, precision of matrix products).
"""

from collections.abc import Callable
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from reben.core.bands import names_in
from reben.core.errors import BandError, RecipeError
from reben.learn.tasks import DEFAULT_TASK, TASKS
from reben.learn.tasks.task import Task

Share = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[int, Field(gt=0)]


def _of_tasks(what: Callable[[Task], str]) -> str:
    """What our own tasks say, for the help."""
    return "; ".join(f"{name}: {what(TASKS[name])}" for name in TASKS.own)


class Recipe(BaseModel):
    """How a model is trained. Unknown settings and values out of range are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)

    model: str | None = None
    """timm name of the architecture, such as resnet50; of the weights of --init if left out."""
    task: Annotated[str, Field(description=f"What is learnt. {_of_tasks(lambda task: task.summary)}.")] = DEFAULT_TASK
    target: str | None = None
    """What a task without classes learns: a column of the metadata tables with a number per patch, or share:CLASS, the
    share of the labelled pixels of the reference map with this class."""
    bands: str = "all"
    """s1, s2, all, rgb, or band names joined by commas; the order of the channels."""
    epochs: Positive = 100
    """Maximum number of epochs."""
    batch_size: Positive = 512
    """Patches per optimiser step, over all devices and micro-batches."""
    accumulate: Positive = 1
    """Micro-batches per batch, where a whole batch does not fit into memory."""
    init: str | None = None
    """Weights to start from: a run directory, owner/name on the Hugging Face hub, or a timm name such as
    resnet50.a1_in1k. Random weights by default."""
    backbone: str | None = None
    """Pre-trained model to tune: NAME, NAME@random or NAME@FILE.safetensors, see `reben backbones`. It decides bands
    and normalisation."""
    pretrained: bool = False
    """Start from timm's pretrained weights of --model."""
    freeze: bool = False
    """Train the last layer only (of a U-Net: the decoder), and keep the backbone as it is."""
    adapter_rank: Annotated[int, Field(ge=0)] = 0
    """Rank of low-rank adapters (LoRA), which are trained with the last layer while all else of the pre-trained model
    stays as it is; 0 for none. Needs the extra adapters."""
    layer_decay: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Learning rate of a layer over that of the layer above it: below 1, early layers change less; 1 trains all
    alike."""
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    """Highest learning rate, reached after the warm-up."""
    warmup_steps: Annotated[int, Field(ge=0)] = 1000
    """Steps of linear warm-up from a tenth of the learning rate; at most half of all steps."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    """Weight decay of the optimiser."""
    optimizer: Literal["adamw", "adam", "sgd"] = "adamw"
    """Optimiser; sgd has a Nesterov momentum of 0.9."""
    loss: Annotated[
        str | None,
        Field(description=f"Loss; by default the first. {_of_tasks(lambda task: ', '.join(task.losses))}."),
    ] = None
    class_weights: Literal["none", "balanced"] = "none"
    """balanced makes rare classes weigh more, by how many training patches have each class."""
    dropout: Share = 0.15
    """Dropout before the classifier."""
    drop_path: Share = 0.15
    """Stochastic depth."""
    patience: Positive = 5
    """Epochs without a better validation score before training stops."""
    snow_and_cloud: bool = False
    """Keep patches with seasonal snow, clouds or cloud shadows."""
    augmentation: str | None = None
    """Your own augmentation beside the flips: package.module:name or file.py:name of a callable that takes and returns
    a sample."""
    shuffle_block: Positive = 1
    """Neighbouring patches kept together in shuffling, for stores larger than memory; 1 shuffles everything."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 42
    """Random seed for weights, shuffling, flips and dropout."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Arithmetic of the model; bfloat16 is faster on GPUs and keeps weights and metrics in float32."""
    matmul_precision: Literal["highest", "high", "medium"] = "highest"
    """Precision of float32 matrix products on GPUs, as torch.set_float32_matmul_precision takes it."""
    channels_last: bool = False
    """Memory order of images and weights that suits convolutions on recent GPUs."""
    compile: bool = False
    """Compile the model with torch.compile: minutes at the start, faster steps."""

    @property
    def keeps_backbone(self) -> bool:
        """Whether the weights of the backbone stay as they are."""
        return self.freeze or self.adapter_rank > 0

    @model_validator(mode="after")
    def _check_bands(self) -> Self:
        expect_band_names(self.bands)
        return self

    @model_validator(mode="after")
    def _check_parts(self) -> Self:
        if self.batch_size % self.accumulate:
            raise ValueError(f"batch_size = {self.batch_size} cannot be cut into {self.accumulate} equal micro-batches")
        return self

    @model_validator(mode="after")
    def _check_loss(self) -> Self:
        if self.task not in TASKS:
            raise ValueError(f"task = {self.task}: there is no such task; choose one of {', '.join(TASKS)}")
        task = TASKS[self.task]
        if self.loss is not None and self.loss not in task.losses:
            raise ValueError(
                f"loss = {self.loss}: {self.task} has no such loss; choose out of {', '.join(task.losses)}"
            )
        if task.needs_target != (self.target is not None):
            wanted = "needs a target; give --target" if task.needs_target else "takes no target; leave --target out"
            raise ValueError(f"task = {self.task}: {wanted}")
        if self.class_weights != "none" and (self.loss or task.losses[0]) in task.unweighted_losses:
            raise ValueError(f"loss = {self.loss or task.losses[0]}: takes no class weights; leave --class-weights out")
        return self

    @model_validator(mode="after")
    def _check_start(self) -> Self:
        if self.backbone is not None:
            if self.model is not None or self.init is not None or self.pretrained:
                raise ValueError("backbone takes the place of model, init and pretrained; give it alone")
            if self.bands != "all":
                raise ValueError(f"bands = {self.bands}: the backbone decides; leave --bands out")
        elif self.model is None and self.init is None:
            raise ValueError("model is missing; give --model, --backbone, or --init with weights to start from")
        if self.freeze and self.layer_decay != 1:
            raise ValueError("layer_decay has no effect on a frozen backbone; leave it or --freeze out")
        if self.adapter_rank and (self.freeze or self.layer_decay != 1):
            raise ValueError("adapter_rank takes the place of freeze and layer_decay; give one of them")
        if self.adapter_rank and self.backbone is None and self.init is None and not self.pretrained:
            raise ValueError("adapter_rank needs a pre-trained model; give --backbone, --init or --pretrained")
        if self.pretrained and (self.model is None or self.init is not None):
            raise ValueError("pretrained needs a model and no init: it takes timm's weights of the model")
        if self.model is not None and "." in self.model and not self.pretrained:
            architecture, _, tag = self.model.partition(".")
            raise ValueError(
                f"model = {self.model}: {tag} names pretrained weights; add --pretrained to start from them, or give "
                f"--model {architecture} to start from random weights"
            )
        return self


RECIPES: dict[str, dict[str, object]] = {"paper": {"matmul_precision": "medium"}, "plain": {}}
"""Named recipes, each as what differs from the defaults. `paper` is exactly as the published weights were trained;
`plain` multiplies matrices in full float32 precision on GPUs, too."""


def expect_band_names(selection: str) -> None:
    """Check what can be known of a band selection without the data.

    Raises:
        BandError: if there is no name in it, or one occurs twice.
    """
    names = names_in(selection)
    if not all(names):
        raise BandError(f"bands = {selection!r}: a name is missing", hint="give s1, s2, all, rgb, or names of bands")
    if len({name.upper() for name in names}) < len(names):
        raise BandError(f"bands {', '.join(names)}: one of them is given twice")


def make_recipe(**settings: object) -> Recipe:
    """A recipe from settings.

    Raises:
        RecipeError: if a setting is unknown or out of range.
        BandError: if no band is named, or one twice.
    """
    expect_band_names(str(settings.get("bands", "all")))  # its error has a hint, which pydantic would swallow
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
    message = first["msg"].removeprefix("Value error, ")
    return RecipeError(f"{name} = {first['input']!r}: {message}" if name else message)
