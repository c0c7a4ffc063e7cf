"""One module a step, named `v<revision>_<what>.py`. A released step is never changed."""
