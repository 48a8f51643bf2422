"""Whether a copy of reBEN is right: what is in it, held against the published values or what is known of them.

`reben.audit(copy)` is what users call, and `reben.audit` is this package, too: whoever has imported a module of it gets
the package under that name. So the package can be called.
"""

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reben.audit.report import AuditReport


class _CallablePackage(ModuleType):
    """This package, with the call that stands for `reben.audit.run.audit`."""

    def __call__(self, *arguments: Any, **options: Any) -> "AuditReport":  # noqa: ANN401 - those of the function
        """Audit a copy; see `reben.audit.run.audit`."""
        from reben.audit.run import audit  # noqa: PLC0415 - importing the package stays cheap

        return audit(*arguments, **options)


sys.modules[__name__].__class__ = _CallablePackage
