"""Mutants: the real source, each with one invariant broken, and the tests that must notice.

`make mutants` plants every one of them in a copy of the source and runs the tests that it names.
"""
