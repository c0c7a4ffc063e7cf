"""How a command is delivered, answered, ended and asked after. They know ids, calls and codes, nothing of
totes; the rules are in docs/reference/handshakes.md."""
