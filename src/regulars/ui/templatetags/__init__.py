# SPDX-License-Identifier: Apache-2.0
"""The template tag libraries of the room."""
