# SPDX-License-Identifier: Apache-2.0
"""The addresses of the staff app."""

from django.urls import path

from regulars.web import customers, giving, program, record, rewards, session, today

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
_PROGRAM = [
    path("program/", program.show, name="program"),
    path("program/versions/<int:number>/", program.show_version, name="program_version"),
    path("program/versions/<int:number>/draft/", program.draft_from_version, name="program_from_version"),
    path("program/draft/", program.show_draft, name="program_draft"),
    path("program/draft/unit/", program.edit_unit, name="program_unit"),
    path("program/draft/levels/", program.edit_ladder, name="program_ladder"),
    path("program/draft/rules/<slug:rule>/", program.edit_rule, name="program_rule"),
    path("program/draft/rules/<slug:rule>/remove/", program.remove_rule, name="program_rule_remove"),
    path("program/draft/discard/", program.discard, name="program_discard"),
    path("program/draft/publish/", program.publish, name="program_publish"),
    path("program/rewards/", rewards.list_rewards, name="rewards"),
    path("program/rewards/new/", rewards.new_reward, name="reward_new"),
    path("program/rewards/<uuid:offer>/", rewards.edit_reward, name="reward_edit"),
    path("program/rewards/<uuid:offer>/pause/", rewards.pause_reward, name="reward_pause"),
]
urlpatterns = [*_SESSION, *_CUSTOMERS, *_PROGRAM]
