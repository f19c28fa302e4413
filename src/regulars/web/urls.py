# SPDX-License-Identifier: Apache-2.0
"""The addresses of the staff app."""

from django.urls import path

from regulars.web import customers, giving, record, session, today

_SESSION = [
    path("login/", session.log_in, name="login"),
    path("logout/", session.log_out, name="logout"),
    path("language/", session.choose_language, name="language"),
    path("business/", session.choose_business, name="business"),
    path("you/", session.you, name="you"),
    path("", today.today, name="today"),
    path("style-guide/", today.style_guide, name="style_guide"),
]
_CUSTOMERS = [
    path("customers/", customers.list_customers, name="customers"),
    path("customers/new/", customers.new_customer, name="customer_new"),
    path("customers/<uuid:customer>/", record.show, name="customer"),
    path("customers/<uuid:customer>/edit/", customers.edit_customer, name="customer_edit"),
    path("customers/<uuid:customer>/identities/", customers.add_identity, name="customer_identity_add"),
    path(
        "customers/<uuid:customer>/identities/<uuid:identity>/remove/",
        customers.remove_identity,
        name="customer_identity_remove",
    ),
    path("customers/<uuid:customer>/enrol/", giving.enrol_customer, name="customer_enrol"),
    path("customers/<uuid:customer>/adjust/", giving.adjust, name="customer_adjust"),
    path("customers/<uuid:customer>/purchase/", giving.purchase, name="customer_purchase"),
    path("customers/<uuid:customer>/return/<uuid:fact>/", giving.return_purchase, name="customer_return"),
    path("customers/<uuid:customer>/take/", giving.take, name="customer_take"),
    path("customers/<uuid:customer>/use/", giving.use, name="customer_use"),
    path("customers/<uuid:customer>/give-back/", giving.give_back, name="customer_give_back"),
]
urlpatterns = [*_SESSION, *_CUSTOMERS]
