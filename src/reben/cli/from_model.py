"""Command-line options from the fields of an options model, which alone declares names, types, defaults and help."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from enum import Enum
from inspect import Parameter, Signature, signature
from types import GenericAlias
from typing import Annotated, Any, Literal, TypeVar, get_origin

import typer
from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from reben.work.options import (
    choices_of,
    constraints,
    ends_of,
    first_problem,
    key_of,
    member_type,
    plain_type,
    shown_as,
)

Command = TypeVar("Command", bound=Callable[..., None])
Model = TypeVar("Model", bound=BaseModel)

_DAY = "%Y-%m-%d"
_MODELS = "options_models"


def with_options_of(
    model: type[BaseModel], *, panel: str = "", may_switch_off: bool = False
) -> Callable[[Command], Command]:
    """Give a command, which takes them as `**settings`, an option for each field of a model.

    An option that is not given is None, so that the model, a configuration file or a recipe can supply the setting. The
    help shows the default of the model. A field whose name is a parameter of the command, such as an argument, is left
    to the command. A command may have several models; `separated` takes their settings apart.

    Args:
        model: whose fields become options; the description of a field is its help.
        panel: under which the help shows fields that name no panel of their own.
        may_switch_off: whether every flag has a second name that switches it off, because something else than the
            model's default may have switched it on.
    """

    def decorate(command: Command) -> Command:
        given = signature(command, eval_str=True)
        own = [parameter for parameter in given.parameters.values() if parameter.kind is not Parameter.VAR_KEYWORD]
        added = [
            _option(name, field, panel, may_switch_off=may_switch_off)
            for name, field in model.model_fields.items()
            if name not in given.parameters
        ]
        command.__signature__ = Signature([*own, *added])  # type: ignore[attr-defined]
        command.__annotations__ = {parameter.name: parameter.annotation for parameter in [*own, *added]}
        setattr(command, _MODELS, (model, *models_of(command)))
        return command

    return decorate


def options_from(model: type[Model], **settings: object) -> Model:
    """The options that a command was given; what was not given has the default of the model.

    Args:
        model: of the options.
        settings: values by the names of the fields; None, or no value at all, for what was not given.

    Raises:
        BadParameter: if a value, or the combination of values, is not allowed.
    """
    given = {name: _plain(value) for name, value in settings.items() if value is not None and value != []}
    try:
        return model.model_validate(given)
    except ValidationError as error:
        place, said = first_problem(error)
        field = model.model_fields.get(place[0]) if place else None
        if field is not None and field.examples and error.errors()[0]["type"] == "string_pattern_mismatch":
            said += f"; an example: {field.examples[0]}"
        raise typer.BadParameter(said, param_hint=f"'{option_of(place[0], field)}'" if field else None) from error


def separated(model: type[Model], settings: Mapping[str, object]) -> tuple[Model, dict[str, object]]:
    """The options of one model out of the settings of several, and the other settings.

    Raises:
        BadParameter: if a value, or the combination of values, is not allowed.
    """
    own = {name: value for name, value in settings.items() if name in model.model_fields}
    return options_from(model, **own), {name: value for name, value in settings.items() if name not in own}


def _plain(value: object) -> object:
    return [_plain(member) for member in value] if isinstance(value, list) else getattr(value, "value", value)


def models_of(command: Callable[..., Any]) -> tuple[type[BaseModel], ...]:
    """The models whose fields are options of a command."""
    models: tuple[type[BaseModel], ...] = getattr(command, _MODELS, ())
    return models


def former_names(model: type[BaseModel]) -> dict[str, str]:
    """Names that options of a model had before, with their names today."""
    fields = model.model_fields.items()
    return {shown.former: option_of(name, field) for name, field in fields if (shown := shown_as(field)).former}


def option_of(name: str, field: FieldInfo) -> str:
    """The option of a field, such as --patch-size."""
    return shown_as(field).option or f"--{key_of(name, field).replace('_', '-')}"


def _option(name: str, field: FieldInfo, panel: str, *, may_switch_off: bool) -> Parameter:
    """The parameter from which Typer makes the option of a field."""
    shown, kind = shown_as(field), plain_type(field.annotation)
    option, member = option_of(name, field), member_type(kind)
    if kind is bool and (may_switch_off or field.default):
        option = f"{option}/--no-{option.removeprefix('--')}"
    smallest, largest = _limits(field, kind)
    declared = typer.Option(
        option,
        help=_help(field, kind, option, repeated=member is not None),
        show_default=False,
        rich_help_panel=shown.panel or panel or None,
        metavar=shown.metavar or _metavar(member or kind, field),
        min=smallest,
        max=largest,
        exists=shown.exists,
        formats=[_DAY] if kind is date else None,
        case_sensitive=False,
    )
    taken: Any = datetime if kind is date else kind
    if member is not None:
        taken = GenericAlias(list, (_listable(member),))
    if field.is_required():
        return Parameter(name, Parameter.KEYWORD_ONLY, annotation=Annotated[taken, declared])
    return Parameter(name, Parameter.KEYWORD_ONLY, annotation=Annotated[taken | None, declared], default=None)


def _listable(kind: Any) -> Any:  # noqa: ANN401 - whatever a field has
    """The type of a member of a list; Typer takes enumerations there, and no literal types."""
    return Enum("Choice", {name: name for name in choices_of(kind)}) if get_origin(kind) is Literal else kind


def _help(field: FieldInfo, kind: Any, option: str, *, repeated: bool) -> str:  # noqa: ANN401 - whatever a field has
    """The description on one line, with what may be said of repetition and default."""
    words = " ".join((field.description or "").split()) + (" May be repeated." if repeated else "")
    shown = option.partition("/")[0].removeprefix("--") if kind is bool and field.default else _default(field.default)
    return words + (f" [dim]\\[default: {shown}][/dim]" if shown else "")


def _default(value: object) -> str:
    has_none = value is None or value is False or value is PydanticUndefined or value in ("", ())
    if has_none:
        return ""
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _metavar(kind: Any, field: FieldInfo) -> str | None:  # noqa: ANN401 - as above
    """What stands for a value in the help, where `commands` does not know better."""
    if kind is float and (ends := ends_of(field)):
        return f"X [{ends}]"
    return "YYYY-MM-DD" if kind is date else "|".join(choices_of(kind)) or None


def _limits(field: FieldInfo, kind: Any) -> tuple[int | None, int | None]:  # noqa: ANN401 - as above
    """Smallest and largest whole number."""
    smallest = largest = None
    for limit in constraints(field) if kind is int else ():
        match limit:
            case Ge(ge=int(value)):
                smallest = value
            case Gt(gt=int(value)):
                smallest = value + 1
            case Le(le=int(value)):
                largest = value
            case Lt(lt=int(value)):
                largest = value - 1
    return smallest, largest
