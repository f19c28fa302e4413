# SPDX-License-Identifier: Apache-2.0
"""Values that every room speaks: money, points, clock, keys, phones, text, errors.

Owns no table and knows no framework: standard library and tiny leaf libraries only. Refuses anything of the domain.
"""
