# SPDX-License-Identifier: Apache-2.0
"""What members can get and what they hold: offers, entitlements, redemption.

Owns offers (the catalogue) and entitlements (a reward taken or reserved, a voucher). Refuses to move points itself and to trust a
price from outside: the server always recomputes.
"""
