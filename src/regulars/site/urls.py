# SPDX-License-Identifier: Apache-2.0
"""Which door answers which address."""

from django.urls import include, path

urlpatterns = [
    path("api/v1/", include("regulars.api.urls")),
    path("", include("regulars.web.urls")),
]
handler400 = "regulars.web.errors.bad_request"
handler403 = "regulars.web.errors.forbidden"
handler404 = "regulars.web.errors.not_found"
handler500 = "regulars.web.errors.server_error"
