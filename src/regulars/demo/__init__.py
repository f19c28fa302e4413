# SPDX-License-Identifier: Apache-2.0
"""Two invented businesses with eighteen months of history: a sweet-shop chain in India, a bakery in Yerevan.

Owns no table. The generator is pure and seeded; `load` brings what it makes through the door of everybody else's facts.
Refuses to touch a business that it did not create.
"""
