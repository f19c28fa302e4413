# SPDX-License-Identifier: Apache-2.0
"""Work in the background: one dict from job kind to handler, the worker loop, the schedule.

Owns no table. Refuses to decide anything: handlers call the rooms below. Runs inside the web process, so that one
command is always enough; on PostgreSQL `regulars worker` adds processes of its own.
"""
