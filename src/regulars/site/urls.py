# SPDX-License-Identifier: Apache-2.0
"""Which door answers which address."""

from django.urls import include, path

urlpatterns = [
    path("api/v1/", include("regulars.api.urls")),
    path("", include("regulars.web.urls")),
]
