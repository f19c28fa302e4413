# SPDX-License-Identifier: Apache-2.0
"""Where outside data comes in: files of other systems, mapped to intakes and given to the one path.

Owns import runs and presets. Refuses to write anything of other rooms except through their actions and `flow`.
"""
