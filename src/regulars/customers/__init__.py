# SPDX-License-Identifier: Apache-2.0
"""Who the customers are: people, the identities they are known by, profile and search.

A phone alone never merges two people: an identity resolves to one owner, and others may hold it as a contact that does
not resolve. Refuses to know what a customer bought or holds.
"""
