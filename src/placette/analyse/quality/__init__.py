"""Quality control: QARTOD tests in batch and streaming, checks of counts, data capture, the crowd's own filter.

Flags are those of QARTOD: 1 good, 2 not evaluated, 3 suspect, 4 fail, 9 missing (``model.observations.Quality``).
A missing value is NaN. Times are µs UTC, durations seconds.
"""
