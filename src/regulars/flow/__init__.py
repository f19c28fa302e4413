# SPDX-License-Identifier: Apache-2.0
"""The one path: everything that moves points or money goes through `receive`, from every door.

The only room where customers, facts, program, ledger and rewards meet. Owns no table. Refuses to answer before it is durable.
"""
