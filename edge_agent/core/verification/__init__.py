"""Double-check verification: scanned bytes in, one rule's verdict out. Pure.

`barcode` says what a scan is, `rules` says whether it is what the step asked for.
"""
