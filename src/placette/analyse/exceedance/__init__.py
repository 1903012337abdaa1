"""How probable it is that a threshold is passed, and how good such probabilities were.

A probability is read from the quantiles of a forecast (`probability`), bent to what came of former ones (`isotonic`),
and judged beside what always happens at that hour of the week (`judging`).
"""
