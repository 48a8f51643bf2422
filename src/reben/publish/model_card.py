"""The model card: README.md of a repository on the hub, with the metadata block that the hub reads.

Source of the block's form: the hub's documentation, page "Model Cards"; `huggingface_hub` writes it, scores as
`model-index`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from huggingface_hub import EvalResult, ModelCardData

from reben.core.bands import BAND_SETS, BANDS
from reben.core.classes import CLC2018
from reben.core.markdown import cell, table
from reben.learn.tasks.task import Output, Wording
from reben.paper.models import PAPER_MODELS
from reben.publish.mlm import MLM_FILE
from reben.publish.run_facts import RunFacts

PICTURE_FILE = "test_patches.png"

_CITATION = """```bibtex
@misc{clasen2024reben,
  title = {{reBEN}: Refined {BigEarthNet} Dataset for Remote Sensing Image Analysis},
  author = {Clasen, Kai Norman and Hackel, Leonard and Burgert, Tom and Sumbul, Gencer and Demir, Beg{\\"u}m and
    Markl, Volker},
  year = {2024},
  eprint = {2407.03653},
  archivePrefix = {arXiv}
}
```"""


@dataclass(frozen=True, slots=True)
class CardOptions:
    """What a run does not know."""

    repository: str
    """`owner/name`."""
    license: str
    """The hub's identifier of a licence, such as apache-2.0."""
    dataset: str | None
    """Name of the data set; None if it was not told."""
    picture: bool
    """Whether there is a picture of test patches."""
    item: bool = False
    """Whether there is a STAC Item of the model."""


def write_card(facts: RunFacts, options: CardOptions) -> str:
    """The text of README.md."""
    if options.dataset is not None:  # a name of several lines could end the metadata block
        options = replace(options, dataset=" ".join(options.dataset.split()))
    sections = [
        _summary(facts, options),
        _use(facts, options),
        _scores(facts, options),
        _input(facts),
        _classes(facts),
        _training(facts),
        f"## Licence\n\n{options.license}, as its publisher states. The data of reBEN have a licence of their own.",
        f"## Citation\n\nIf you use this model or reBEN, please cite:\n\n{_CITATION}",
    ]
    return f"---\n{_metadata(facts, options)}\n---\n\n" + "\n\n".join(sections) + "\n"


def title(facts: RunFacts) -> str:
    """Architecture and bands, for people."""
    name = facts.trained.architecture.timm_name
    return f"{PAPER_MODELS[name].title if name in PAPER_MODELS else name}, {_band_set(facts.trained.bands)}"


def _metadata(facts: RunFacts, options: CardOptions) -> str:
    """YAML; without `model-index` if there are no test scores."""
    sensors = {"s1": "sentinel-1", "s2": "sentinel-2"}
    used = sorted({sensors[BANDS[band].sensor] for band in facts.trained.bands if band in BANDS})
    timm_name, wording = facts.trained.architecture.timm_name, _wording(facts)
    card = ModelCardData(
        license=options.license,
        library_name="reben",
        pipeline_tag=wording.pipeline_tag,
        tags=["reben", "bigearthnet", "remote-sensing", wording.tag, *used, "timm", timm_name],
        model_name=options.repository.split("/")[-1],
        eval_results=_eval_results(facts, options) or None,
    )
    return str(card.to_yaml()).strip()


def _wording(facts: RunFacts) -> Wording:
    return facts.trained.task.wording


def _eval_results(facts: RunFacts, options: CardOptions) -> list[EvalResult]:
    wording = _wording(facts)
    return [
        EvalResult(
            task_type=wording.pipeline_tag,
            task_name=wording.task,
            dataset_type="reben" if options.dataset else "unknown",
            dataset_name=options.dataset or "not named",
            dataset_split="test",
            metric_type=metric.hub_type,
            metric_name=metric.long,
            metric_value=round(facts.test[name], 6),
        )
        for name, metric in facts.trained.task.metrics.items()
        if facts.test is not None and isinstance(facts.test.get(name), float | int)
    ]


def _summary(facts: RunFacts, options: CardOptions) -> str:
    trained = facts.trained
    classes = ""
    if trained.task.has_classes:
        known = trained.class_names == CLC2018.class_names
        classes = " into " + ("reBEN's 19 classes" if known else f"{len(trained.class_names)} classes")
    told = f"It was trained on {options.dataset}." if options.dataset else "Its publisher did not name its data set."
    picture = f"\n\n![Test patches with true and predicted labels]({PICTURE_FILE})" if options.picture else ""
    return (
        f"# {title(facts)}\n\n{_wording(facts).sentence} of {trained.architecture.image_size} x "
        f"{trained.architecture.image_size} pixels at 10 m{classes}. {told} Made with reben.{picture}"
    )


def _use(facts: RunFacts, options: CardOptions) -> str:
    original = ""
    trained = facts.trained
    if len(trained.class_names) == len(CLC2018.class_names) and trained.task.output is Output.labels:
        original = (
            "\n\nThe files also load in `BigEarthNetv2_0_ImageClassifier.from_pretrained` of the reBEN authors' "
            "training scripts, which takes normalised images."
        )
    item = ""
    if options.item:
        item = f"\n\n`{MLM_FILE}` says the same for catalogues: a STAC Item with the Machine Learning Model extension."
    return f"""## How to use it

```python
import reben

model = reben.load_model("{options.repository}")
model.bands  # what goes in, in this order
logits = model(images)  # raw images at 10 m, shape (B, {len(facts.trained.bands)}, H, W): it normalises them itself
{_wording(facts).use}
```{original}{item}"""


def _scores(facts: RunFacts, options: CardOptions) -> str:
    wording, metrics = _wording(facts), facts.trained.task.metrics
    chosen_by = facts.result.get("metric", facts.trained.task.best_metric)
    validation = [
        ("best epoch (from 0)", facts.result.get("best_epoch", "not recorded")),
        ("epochs trained", facts.result.get("epochs", "not recorded")),
        (f"validation {metrics[chosen_by].long}", _number(facts.result.get("best_score"))),
    ]
    text = "## Scores\n\n"
    if facts.test is None:
        text += (
            "**This model was not tested**: there are no scores on a test split. The validation score below chose the "
            "epoch, and is therefore too good to be true as an estimate of new data.\n\n"
        )
        return text + table(("", "value"), validation)
    rows = [(metric.long, _number(facts.test.get(name))) for name, metric in metrics.items()]
    rows += [(wording.baseline[1], _number(facts.test.get(wording.baseline[0])))]
    where = f" of {options.dataset}" if options.dataset else ""
    text += f"On the {facts.test['patches']:,} patches of the test split{where}{wording.metrics_note}.\n\n"
    return text + table(("metric", "value"), rows) + "\n\nHow it was chosen:\n\n" + table(("", "value"), validation)


def _input(facts: RunFacts) -> str:
    trained = facts.trained
    rows = [
        (
            str(channel),
            name,
            f"{BANDS[name].resolution_m} m" if name in BANDS else "",
            f"{values.mean:.4f}",
            f"{values.std:.4f}",
        )
        for channel, name in enumerate(trained.bands)
        for values in (trained.statistics[name],)
    ]
    return (
        "## Input\n\nChannels in this order; bands of 20 m and 60 m are upsampled to 10 m by nearest neighbour, then "
        "each has its mean subtracted and is divided by its standard deviation. Reflectance is stored times 10,000, "
        "backscatter in dB.\n\n" + table(("channel", "band", "resolution", "mean", "standard deviation"), rows)
    )


def _classes(facts: RunFacts) -> str:
    wording, test = _wording(facts), facts.test or {}
    if not facts.trained.task.has_classes:
        names = ", ".join(map(cell, facts.trained.class_names))
        return f"## Output\n\n{wording.output} Here: {names}."
    per_class = test.get(wording.per_class, {})
    without = test.get("classes_without_positives", test.get("absent_classes", []))
    rows = [
        (str(number), name, "no test patch has it" if name in without else _number(per_class.get(name)))
        for number, name in enumerate(facts.trained.class_names)
    ]
    return f"## Output\n\n{wording.output}\n\n" + table(("output", "class", wording.class_score), rows)


def _training(facts: RunFacts) -> str:
    settings = [(name, value) for name, value in facts.recipe.items() if value is not None]
    packages = facts.environment.get("packages", {})
    made = [("reben", facts.environment.get("reben", "not recorded"))]
    made += [(name, packages[name]) for name in ("torch", "timm", "lightning") if name in packages]
    made += [("GPUs", ", ".join(facts.environment.get("gpus", [])) or "none")]
    return "## Training\n\n" + table(("setting", "value"), settings) + "\n\n" + table(("made with", ""), made)


def _band_set(bands: Sequence[str]) -> str:
    titles = {"s1": "Sentinel-1", "s2": "Sentinel-2", "all": "Sentinel-1 and Sentinel-2"}
    return next((titles[name] for name, chosen in BAND_SETS.items() if chosen == tuple(bands)), ", ".join(bands))


def _number(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float | int) else "not recorded"
