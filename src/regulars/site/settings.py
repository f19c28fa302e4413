# SPDX-License-Identifier: Apache-2.0
"""Django's settings, from the environment."""

import os
from pathlib import Path
from urllib.parse import urlsplit

from regulars.kernel.errors import gettext_noop
from regulars.site.environment import database_settings, read_environment, secret_key

ENVIRONMENT = read_environment(os.environ)
HOME = ENVIRONMENT.home
SECRET_KEY = secret_key(ENVIRONMENT)
DEBUG = False
PUBLIC_URL = ENVIRONMENT.public_url
_is_https = PUBLIC_URL.startswith("https://")
ALLOWED_HOSTS = sorted(
    {"localhost", "127.0.0.1", "[::1]", urlsplit(PUBLIC_URL).hostname or "localhost", ENVIRONMENT.bind[0]}
)
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "template_partials",
    "regulars.ui",
    "regulars.outbox",
    "regulars.tenancy",
    "regulars.catalog",
    "regulars.customers",
    "regulars.facts",
    "regulars.ledger",
    "regulars.rewards",
    "regulars.programs",
    "regulars.insights",
    "regulars.connectors",
    "regulars.web",
    "regulars.api",
]
MIDDLEWARE = [
    "regulars.web.headers.security_headers",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "regulars.web.language.staff_language",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "regulars.site.urls"
WSGI_APPLICATION = "regulars.site.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "regulars.web.context.shell",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "regulars.ui.templatetags.ui",
                "template_partials.templatetags.partials",
            ],
        },
    }
]

DATABASES = {"default": database_settings(ENVIRONMENT)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "tenancy.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"

LANGUAGE_CODE = "en"
LOCALE_PATHS = [Path(__file__).parents[1] / "locale"]
LANGUAGES = [
    ("en", gettext_noop("English")),
    ("hi", gettext_noop("Hindi")),
    ("mr", gettext_noop("Marathi")),
    ("te", gettext_noop("Telugu")),
    ("ml", gettext_noop("Malayalam")),
    ("hy", gettext_noop("Armenian")),
]
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 3600
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = _is_https
CSRF_COOKIE_SECURE = _is_https
SECURE_SSL_REDIRECT = _is_https
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 31_536_000 if _is_https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _is_https
SECURE_HSTS_PRELOAD = _is_https
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {"regulars": {"level": "INFO"}, "django.request": {"level": "ERROR"}, "psycopg": {"level": "ERROR"}},
}
