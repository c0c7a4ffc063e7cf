"""The pure core: `evolve`, `decide`, `plan`. No I/O, no clock, no randomness, no logging."""
