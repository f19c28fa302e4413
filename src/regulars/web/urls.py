# SPDX-License-Identifier: Apache-2.0
"""The addresses of the staff app."""

from django.urls import path

from regulars.web import (
    backups,
    customers,
    giving,
    imports,
    machines,
    merging,
    places,
    program,
    record,
    retention,
    rewards,
    session,
    today,
    works,
)

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
    path("customers/<uuid:customer>/merge/", merging.merge, name="customer_merge"),
    path("customers/<uuid:merged>/unmerge/", merging.unmerge, name="customer_unmerge"),
    path("customers/<uuid:customer>/enrol/", giving.enrol_customer, name="customer_enrol"),
    path("customers/<uuid:customer>/adjust/", giving.adjust, name="customer_adjust"),
    path("customers/<uuid:customer>/purchase/", giving.purchase, name="customer_purchase"),
    path("customers/<uuid:customer>/receipt/", giving.add_receipt, name="customer_receipt"),
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
_IMPORTS = [
    path("imports/", imports.list_runs, name="imports"),
    path("imports/new/", imports.new_import, name="import_new"),
    path("imports/<uuid:run>/", imports.show_run, name="import_run"),
    path("imports/<uuid:run>/mapping/", imports.edit_mapping, name="import_mapping"),
    path("imports/<uuid:run>/start/", imports.start, name="import_start"),
    path("imports/<uuid:run>/discard/", imports.discard, name="import_discard"),
    path("imports/<uuid:run>/errors.csv", imports.download_errors, name="import_errors"),
    path("imports/<uuid:run>/unmatched.csv", imports.download_unmatched, name="import_unmatched"),
]
_RETENTION = [
    path("retention/", retention.show, name="retention"),
    path("retention/refresh/", retention.refresh, name="retention_refresh"),
]
_SETTINGS = [
    path("settings/", places.list_stores, name="settings"),
    path("settings/stores/new/", places.new_store, name="store_new"),
    path("settings/stores/<uuid:store>/", places.edit_store, name="store_edit"),
    path("settings/staff/", places.list_staff, name="staff"),
    path("settings/staff/new/", places.hire, name="staff_new"),
    path("settings/staff/<uuid:staff>/", places.edit_staff, name="staff_edit"),
    path("settings/staff/<uuid:staff>/dismiss/", places.dismiss_staff, name="staff_dismiss"),
    path("settings/keys/", machines.keys, name="keys"),
    path("settings/keys/<uuid:key>/revoke/", machines.revoke_key, name="key_revoke"),
    path("settings/webhooks/", machines.list_endpoints, name="webhooks"),
    path("settings/webhooks/new/", machines.new_endpoint, name="webhook_new"),
    path("settings/webhooks/<uuid:endpoint>/", machines.show_endpoint, name="webhook"),
    path("settings/webhooks/<uuid:endpoint>/act/", machines.act_on_endpoint, name="webhook_act"),
    path("settings/deliveries/<uuid:delivery>/replay/", machines.replay, name="delivery_replay"),
    path("settings/jobs/", works.jobs, name="jobs"),
    path("settings/jobs/<uuid:job>/again/", works.run_again, name="job_again"),
    path("settings/jobs/<uuid:job>/discard/", works.discard, name="job_discard"),
    path("settings/backups/", backups.list_backups, name="backups"),
    path("settings/backups/now/", backups.back_up, name="backup_now"),
    path("settings/backups/<str:name>", backups.download_backup, name="backup_download"),
    path("settings/audit/", works.audit_log, name="audit"),
]
urlpatterns = [*_SESSION, *_CUSTOMERS, *_PROGRAM, *_IMPORTS, *_RETENTION, *_SETTINGS]
