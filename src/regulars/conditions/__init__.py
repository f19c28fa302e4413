# SPDX-License-Identifier: Apache-2.0
"""The condition language: one typed tree that says "who" and "when" everywhere, and the readings of it that agree.

Owns the tree (`tree`, `parse`), its types and limits (`fields`, `values`, `errors`), the check of one snapshot
(`together`, `check`, `compare`), the account of that check (`explain`) and the sentence (`sentence`, `wording`). Other rooms
declare their fields and pass a `Registry` in; `fact_fields` declares those of a fact in evaluation. Refuses to know a
clock, a database, Django, or a regular expression.

**What is not known.** The language is two-valued. A comparison with a value that is missing is false; `is_not`,
`is_none_of` and `is_not_set` are the exact opposites of `is`, `is_one_of` and `is_set`, and `not` is plain negation.
So a customer without a tier *is not Gold*, which is what a shopkeeper means; De Morgan's rules hold; and a set query
agrees by giving every comparison one default, where the third value of SQL would quietly lose that customer from both
sides. The price: "not at least 500" also holds where there is no amount, "less than 500" does not. `explain` keeps
what check drops, and says *unknown*.

A value of another type than the field's is missing; so is an empty text. `every_line` needs at least one line: a visit
without a basket is not a basket of nothing but coffee. Adding up no lines gives 0.
"""
