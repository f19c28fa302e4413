# SPDX-License-Identifier: Apache-2.0
"""The product's face: components, charts, icons, base pages, and the one way to write money, points and dates.

Owns the look and the built assets. Refuses to know a domain room: it is handed names, numbers, texts and addresses,
and what it renders carries no inline style and no inline script.
"""
