# SPDX-License-Identifier: Apache-2.0
"""Settings for machines: keys of the API, webhook endpoints and their deliveries."""

from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from regulars.database.transactions import run_durably
from regulars.kernel.errors import RegularsError
from regulars.outbox.events import EVENT_TYPES
from regulars.outbox.models import Event
from regulars.tenancy import actions
from regulars.tenancy.access import SCOPES
from regulars.tenancy.addresses import PUBLIC_ONLY
from regulars.tenancy.models import ApiKey, WebhookDelivery, WebhookEndpoint
from regulars.tenancy.webhooks import replay_delivery, resume_endpoint
from regulars.web.door import BOTH, POST, StaffRequest, staff_page, text_of
from regulars.web.once import new_once, once_in
from regulars.web.places import settings_tabs

DELIVERIES_SHOWN = 50
State = WebhookEndpoint.State


class KeyForm(forms.Form):
    """What a machine may do."""

    name = forms.CharField(label=_("What is it for?"), max_length=200)
    scopes = forms.MultipleChoiceField(label=_("It may"), widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # passed on as they come
        choices = [(scope, gettext(text)) for scope, text in SCOPES.items()]
        self.fields["scopes"].choices = choices  # type: ignore[attr-defined]  # a MultipleChoiceField


@staff_page("keys.manage", methods=BOTH)
def keys(request: StaffRequest) -> HttpResponse:
    """Show the keys; make one, whose token is shown in this answer and never again."""
    form, token = KeyForm(request.POST if request.method == "POST" else None), ""
    once = once_in(request, form) if form.is_bound and form.is_valid() else None
    if once is not None:
        token = run_durably(partial(_make_key, request, form.cleaned_data, UUID(once.key)))
        if not token:
            messages.info(request, gettext("This key was made already; what it says is shown once. Make another."))
            return HttpResponseRedirect(reverse("keys"))
        form = KeyForm()
    rows = list(ApiKey.objects.of(request.business).order_by("-created_at"))
    live = sum(row.revoked_at is None for row in rows)
    context = {
        "form": form,
        "token": token,
        "once": new_once(request.now),
        "keys": [(row, " ".join(gettext(SCOPES[scope]) for scope in row.scopes if scope in SCOPES)) for row in rows],
        "finding": ngettext("%(count)s key is valid", "%(count)s keys are valid", live) % {"count": live},
        "tabs": settings_tabs(request.access, "keys"),
    }
    response = render(request, "web/keys.html", context, status=422 if form.errors else 200)
    if token:
        response.headers["Cache-Control"] = "no-store"
    return response


def _make_key(request: StaffRequest, given: Mapping[str, Any], key: UUID) -> str:
    """Make a key and return its token; nothing where the form made it before."""
    if ApiKey.objects.of(request.business).filter(pk=key).exists():
        return ""
    _key, token = actions.create_api_key(
        request.business,
        name=given["name"],
        scopes=given["scopes"],
        actor=request.access.actor,
        now=request.now,
        new_key=lambda: key,
    )
    return token


@staff_page("keys.manage", methods=POST)
def revoke_key(request: StaffRequest, key: UUID) -> HttpResponse:
    """End a key everywhere within two seconds."""
    found = ApiKey.objects.of(request.business).filter(pk=key).first()
    if found is None:
        raise Http404(gettext("There is no such key."))
    run_durably(lambda: actions.revoke_api_key(found, actor=request.access.actor, now=request.now))
    messages.success(request, gettext("“%(name)s” is no longer valid.") % {"name": found.name})
    return HttpResponseRedirect(reverse("keys"))


class EndpointForm(forms.Form):
    """Who is told of what."""

    url = forms.URLField(
        label=_("Address"), max_length=500, assume_scheme="https", help_text=_("Reachable from here, with https.")
    )
    event_kinds = forms.MultipleChoiceField(label=_("Told of"), widget=forms.CheckboxSelectMultiple, initial=["*"])

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # passed on as they come
        kinds = [(kind, f"{kind}: {gettext(text)}") for kind, text in EVENT_TYPES.items()]
        choices = [(actions.EVERY_KIND, gettext("everything")), *kinds]
        self.fields["event_kinds"].choices = choices  # type: ignore[attr-defined]  # a MultipleChoiceField


@staff_page("webhooks.manage")
def list_endpoints(request: StaffRequest) -> HttpResponse:
    """Show the endpoints."""
    rows = WebhookEndpoint.objects.of(request.business).exclude(state=State.REMOVED).order_by("-created_at")
    count = sum(row.state == State.ACTIVE for row in rows)
    finding = ngettext("%(count)s endpoint is told", "%(count)s endpoints are told", count) % {"count": count}
    context = {"endpoints": rows, "finding": finding, "tabs": settings_tabs(request.access, "webhooks")}
    return render(request, "web/webhooks.html", context)


@staff_page("webhooks.manage", methods=BOTH)
def new_endpoint(request: StaffRequest) -> HttpResponse:
    """Add an endpoint; its secret is shown in this answer and never again."""
    form = EndpointForm(request.POST if request.method == "POST" else None)
    once = once_in(request, form) if form.is_bound and form.is_valid() else None
    if once is not None:
        try:
            endpoint, secret = run_durably(partial(_make_endpoint, request, form.cleaned_data, UUID(once.key)))
        except RegularsError as error:
            form.add_error("url", text_of(error))
        else:
            return _made(request, endpoint, secret)
    context = {
        "form": form,
        "once": new_once(request.now),
        "title": gettext("Who should be told?"),
        "place": gettext("Webhooks"),
        "back_url": reverse("webhooks"),
    }
    return render(request, "web/settings_form.html", context, status=422 if form.errors else 200)


def _make_endpoint(request: StaffRequest, given: Mapping[str, Any], key: UUID) -> tuple[WebhookEndpoint, str]:
    """Make an endpoint and return it with its secret; without one where the form made it before."""
    known = WebhookEndpoint.objects.of(request.business).filter(pk=key).first()
    if known is not None:
        return known, ""
    return actions.create_endpoint(
        request.business,
        actions.EndpointTerms(given["url"], given["event_kinds"]),
        policy=PUBLIC_ONLY,
        actor=request.access.actor,
        now=request.now,
        new_key=lambda: key,
    )


def _made(request: StaffRequest, endpoint: WebhookEndpoint, secret: str) -> HttpResponse:
    if not secret:
        messages.info(request, gettext("This webhook was made already; its secret is shown once."))
        return HttpResponseRedirect(reverse("webhook", args=[endpoint.pk]))
    response = render(request, "web/webhook_secret.html", {"endpoint": endpoint, "secret": secret})
    response.headers["Cache-Control"] = "no-store"
    return response


def _endpoint(request: StaffRequest, endpoint: UUID) -> WebhookEndpoint:
    found = WebhookEndpoint.objects.of(request.business).filter(pk=endpoint).first()
    if found is None:
        raise Http404(gettext("There is no such endpoint."))
    return found


@staff_page("webhooks.manage")
def show_endpoint(request: StaffRequest, endpoint: UUID) -> HttpResponse:
    """Show an endpoint and its latest deliveries."""
    found = _endpoint(request, endpoint)
    rows = (
        WebhookDelivery.objects.of(request.business).filter(endpoint=found).order_by("-created_at")[:DELIVERIES_SHOWN]
    )
    deliveries = list(rows)
    kinds = dict(Event.objects.filter(pk__in=[row.event_id for row in deliveries]).values_list("pk", "kind"))
    context = {
        "endpoint": found,
        "deliveries": [(row, kinds.get(row.event_id, "")) for row in deliveries],
        "is_active": found.state == State.ACTIVE,
    }
    return render(request, "web/webhook.html", context)


@staff_page("webhooks.manage", methods=POST)
def act_on_endpoint(request: StaffRequest, endpoint: UUID) -> HttpResponse:
    """Pause, resume or remove an endpoint."""
    found = _endpoint(request, endpoint)
    acts = {"pause": actions.pause_endpoint, "resume": resume_endpoint, "remove": actions.remove_endpoint}
    act = acts.get(request.POST.get("act", ""))
    if act is None:
        raise Http404(gettext("There is nothing like that to do."))
    run_durably(lambda: act(found, actor=request.access.actor, now=request.now))
    if request.POST["act"] == "remove":
        messages.success(request, gettext("The endpoint is removed."))
        return HttpResponseRedirect(reverse("webhooks"))
    return HttpResponseRedirect(reverse("webhook", args=[found.pk]))


@staff_page("webhooks.manage", methods=POST)
def replay(request: StaffRequest, delivery: UUID) -> HttpResponse:
    """Send a finished delivery again."""
    found = WebhookDelivery.objects.of(request.business).filter(pk=delivery).select_related("endpoint").first()
    if found is None:
        raise Http404(gettext("There is no such delivery."))
    run_durably(lambda: replay_delivery(found, actor=request.access.actor, now=request.now))
    messages.success(request, gettext("It is sent again."))
    return HttpResponseRedirect(reverse("webhook", args=[found.endpoint_id]))
