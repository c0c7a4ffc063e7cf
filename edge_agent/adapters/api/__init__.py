"""The local API: HTTP on a Unix socket, in a thread of its own (docs/reference/api.md)."""
