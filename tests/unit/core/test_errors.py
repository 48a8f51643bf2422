import inspect
import pickle
import traceback

import pytest

from reben.core import errors
from reben.core.errors import KeyNotFoundError, RebenError

FAMILY = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if kind.__module__ == errors.__name__]


@pytest.mark.parametrize("kind", FAMILY)
def test_one_except_clause_catches_every_error_with_its_message_and_hint(kind: type[RebenError]) -> None:
    with pytest.raises(RebenError) as caught:
        raise kind("something is wrong", hint="fix it")
    assert str(caught.value) == "something is wrong"
    assert caught.value.hint == "fix it"


def test_tracebacks_show_the_hint_once_also_after_another_process() -> None:
    error = pickle.loads(pickle.dumps(RebenError("something is wrong", hint="fix it")))  # noqa: S301 - our own
    assert traceback.format_exception_only(error) == [
        "reben.core.errors.RebenError: something is wrong\n",
        "hint: fix it\n",
    ]


def test_hint_is_empty_unless_given() -> None:
    assert RebenError("something is wrong").hint == ""


def test_missing_key_is_a_key_error_whose_message_is_not_quoted() -> None:
    error = KeyNotFoundError("no key 'a'")
    assert isinstance(error, KeyError)
    assert str(error) == "no key 'a'"


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (errors.NameFormatError, ValueError),
        (errors.BandError, ValueError),
        (errors.LegendError, ValueError),
        (errors.GridError, ValueError),
        (errors.SplitError, ValueError),
        (errors.RecipeError, ValueError),
        (errors.TargetExistsError, FileExistsError),
        (errors.MissingExtraError, ImportError),
    ],
)
def test_errors_are_also_the_builtin_that_a_caller_may_expect(kind: type[RebenError], builtin: type[Exception]) -> None:
    assert issubclass(kind, builtin)
