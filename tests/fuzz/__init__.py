"""Hostile input: programs that change sound files and arguments at random, and watch the end."""
