# SPDX-License-Identifier: Apache-2.0
"""The forms of a record: each is sent once, however often it is clicked."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from regulars.facts.models import EXTERNAL_ID_MAX, SOURCE_MAX
from regulars.flow.intake import POINTS_MAX
from regulars.kernel.money import AMOUNT_MAX
from regulars.tenancy.access import StaffAccess
from regulars.web.door import StaffRequest
from regulars.web.fields import typed_minor
from regulars.web.once import OnceForm, new_once


class AdjustForm(OnceForm):
    """Points by hand, with the reason that is kept."""

    points = forms.IntegerField(
        label=_("Points"),
        min_value=-POINTS_MAX,
        max_value=POINTS_MAX,
        help_text=_("With a minus sign to take some away."),
    )
    reason = forms.CharField(
        label=_("Reason"), min_length=3, max_length=300, help_text=_("Kept for ever beside the points.")
    )


class PurchaseForm(OnceForm):
    """A purchase by its amount alone."""

    amount = forms.CharField(label=_("Bill"), max_length=20, widget=forms.TextInput(attrs={"inputmode": "decimal"}))
    store = forms.ChoiceField(label=_("Store"), required=False)

    def __init__(self, *args: Any, access: StaffAccess, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = access.business.currency
        stores = [(store.code, store.name) for store in access.stores]
        choices = stores if len(stores) == 1 else [("", gettext("no store")), *stores]
        self.fields["store"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField

    def clean_amount(self) -> int:
        """Return minor units. Raises ValidationError naming what was written."""
        amount = typed_minor(self.cleaned_data["amount"], self.currency)
        if not 0 < amount <= AMOUNT_MAX:
            raise forms.ValidationError(_("A bill is more than zero."))
        return amount


class ReceiptForm(OnceForm):
    """A purchase that named nobody, by the number on its receipt."""

    number = forms.CharField(label=_("Number on the receipt"), max_length=EXTERNAL_ID_MAX)
    source = forms.CharField(
        label=_("Till or shop that wrote it"),
        max_length=SOURCE_MAX,
        required=False,
        help_text=_("Only where several use the same numbers."),
    )


class TakeForm(OnceForm):
    """A reward for points."""

    offer = forms.CharField(max_length=40)


def record_forms(request: StaffRequest) -> dict[str, forms.Form]:
    """Return the empty forms of a record, each with its own key."""
    return {
        "adjust_form": AdjustForm(initial={"once": new_once(request.now)}, prefix="adjust"),
        "receipt_form": ReceiptForm(initial={"once": new_once(request.now)}, prefix="receipt"),
        "purchase_form": PurchaseForm(
            initial={"once": new_once(request.now), "store": request.session.get("store", "")},
            prefix="purchase",
            access=request.access,
        ),
    }
