# SPDX-License-Identifier: Apache-2.0
"""The addresses of the staff app."""

from django.urls import path

from regulars.web import session

urlpatterns = [
    path("login/", session.log_in, name="login"),
    path("logout/", session.log_out, name="logout"),
    path("language/", session.choose_language, name="language"),
    path("business/", session.choose_business, name="business"),
    path("you/", session.you, name="you"),
]
