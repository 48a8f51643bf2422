"""Command-line options from the fields of an options model, which alone declares names, types, defaults and help."""

from collections.abc import Callable
from inspect import Parameter, Signature, signature
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import typer
from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

Command = TypeVar("Command", bound=Callable[..., None])


def with_options_of(model: type[BaseModel], *, panel: str) -> Callable[[Command], Command]:
    """Give a command, which takes them as `**settings`, an option for each field of a model.

    An option that is not given is None, so that a configuration file or a recipe can supply the setting. The help shows
    the default of the model.

    Args:
        model: whose fields become options; the description of a field is its help.
        panel: under which the help shows them.
    """

    def decorate(command: Command) -> Command:
        given = signature(command, eval_str=True)
        own = [parameter for parameter in given.parameters.values() if parameter.kind is not Parameter.VAR_KEYWORD]
        added = [_option(name, field, panel) for name, field in model.model_fields.items()]
        command.__signature__ = Signature([*own, *added])  # type: ignore[attr-defined]
        command.__annotations__ = {parameter.name: parameter.annotation for parameter in [*own, *added]}
        return command

    return decorate


def _option(name: str, field: FieldInfo, panel: str) -> Parameter:
    """The option of a field; a flag has a second name that switches it off."""
    kind = _plain(field.annotation)
    option = name.replace("_", "-")
    names = f"--{option}/--no-{option}" if kind is bool else f"--{option}"
    smallest, largest = _limits(field, kind)
    help_text = " ".join((field.description or "").split())
    if not field.is_required() and field.default is not None and kind is not bool:
        help_text += f" [dim]\\[default: {field.default}][/dim]"
    declared = typer.Option(names, help=help_text, show_default=False, rich_help_panel=panel, min=smallest, max=largest)
    return Parameter(name, Parameter.KEYWORD_ONLY, annotation=Annotated[kind | None, declared], default=None)


def _plain(annotation: Any) -> Any:  # noqa: ANN401 - whatever stands at a field
    """The type of a field without what is annotated to it and without None."""
    if get_origin(annotation) is Annotated:
        return _plain(get_args(annotation)[0])
    if get_origin(annotation) in {Union, UnionType}:
        return _plain(next(kind for kind in get_args(annotation) if kind is not type(None)))
    return annotation


def _limits(field: FieldInfo, kind: Any) -> tuple[int | None, int | None]:  # noqa: ANN401 - as above
    """Smallest and largest whole number, for the help; fractions are checked by the model, which knows open ends."""
    smallest = largest = None
    for limit in field.metadata if kind is int else ():
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
