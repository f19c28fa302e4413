# SPDX-License-Identifier: Apache-2.0
"""The key column: sixteen raw bytes on SQLite, `uuid` on PostgreSQL, `uuid.UUID` in Python."""

from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.translation import gettext_lazy as _

from regulars.kernel.ids import new_key

_Set_contra = TypeVar("_Set_contra", contravariant=True)
_Get_co = TypeVar("_Get_co", covariant=True)

if TYPE_CHECKING:

    class _Field(models.Field[_Set_contra, _Get_co]):
        _pyi_private_set_type: UUID | str
        _pyi_private_get_type: UUID
        _pyi_lookup_exact_type: UUID | str

else:

    class _Field(models.Field):
        def __class_getitem__(cls, _types: object) -> type:
            return cls


class KeyField(_Field[_Set_contra, _Get_co]):
    """A UUIDv7 made by the application. A primary key makes its own value; migrations never see that default."""

    description = _("Key")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if kwargs.get("primary_key"):
            kwargs["default"] = new_key
            kwargs["editable"] = False
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        if self.primary_key:
            kwargs.pop("default", None)
            kwargs.pop("editable", None)
        return name, path, list(args), dict(kwargs)

    def get_internal_type(self) -> str:
        return "KeyField"

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "uuid" if connection.vendor == "postgresql" else "blob(16)"

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:  # noqa: ARG002, FBT001, FBT002 - Django's signature
        key = self.to_python(value)
        if key is None or connection.vendor == "postgresql":
            return key
        return key.bytes

    def from_db_value(self, value: Any, expression: object, connection: BaseDatabaseWrapper) -> UUID | None:  # noqa: ARG002 - Django's signature
        return UUID(bytes=value) if isinstance(value, bytes) else value

    def to_python(self, value: Any) -> UUID | None:
        if value is None or isinstance(value, UUID):
            return value
        try:
            return UUID(bytes=value) if isinstance(value, bytes) else UUID(str(value))
        except ValueError:
            raise ValidationError(
                _("“%(value)s” is not a key."), code="invalid", params={"value": str(value)[:40]}
            ) from None

    def formfield(self, **kwargs: Any) -> Any:
        from django.forms import UUIDField  # noqa: PLC0415 - forms are heavy and only pages need them

        return super().formfield(**{"form_class": UUIDField, **kwargs})
