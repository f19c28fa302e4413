# SPDX-License-Identifier: Apache-2.0
"""The application for any WSGI server, without threads: background work then needs `regulars worker` (PostgreSQL)."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "regulars.site.settings")
application = get_wsgi_application()
