# SPDX-License-Identifier: Apache-2.0
"""Django's PostgreSQL backend with immediate foreign keys."""
