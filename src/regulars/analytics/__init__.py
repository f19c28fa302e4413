# SPDX-License-Identifier: Apache-2.0
"""Retention analytics: the lake, the marts, the metrics and the report that a page shows.

Owns the Parquet lake of a business (the durable analytic copy), the disposable DuckDB marts built from it, the
catalogue with the one definition of each metric, and cohorts. Knows no Django and no transactional table: rows come in
as tuples, connections as arguments. Refuses names and contacts: people are pseudonymous ids here.
"""
