"""Double-check verification: scanned bytes in, one rule's verdict out. Pure.

`barcode` says what a scan is; `labels` and `items` say whether it is what the step asked for; `reads` judges
how it came, `weight` what a scale says. `rules` names the rules, `verdicts` is what all of them answer.
"""
