"""Theory: what a start does to signals and gradients, computed without a net.

Users import `initlens.gains`, `initlens.meanfield` and `initlens.truncation`.
"""
