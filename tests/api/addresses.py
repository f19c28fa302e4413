# SPDX-License-Identifier: Apache-2.0
"""Only the addresses of this door."""

from django.urls import include, path

urlpatterns = [path("api/v1/", include("regulars.api.urls"))]
