"""Nets: a dense network, the history of its training, and the training of many at once.

Users import `initlens.network` and `initlens.history`.
"""
