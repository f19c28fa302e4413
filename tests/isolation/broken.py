# SPDX-License-Identifier: Apache-2.0
"""The addresses of the product, and one at which something breaks."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from regulars.site.urls import handler400, handler403, handler404, handler500, urlpatterns

__all__ = ["handler400", "handler403", "handler404", "handler500"]


def fall_over(request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError


urlpatterns = [path("broken/", fall_over), *urlpatterns]
