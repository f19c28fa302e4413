# SPDX-License-Identifier: Apache-2.0
"""What is sold: products and their categories, as tills and files name them.

Owns the codes and names. Refuses prices of a day: what was paid stands in the facts.
"""
