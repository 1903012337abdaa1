"""The same ingestion and the same questions put to Placette, Debian's PostgreSQL and Debian's VictoriaMetrics.

Each system is one file of one shape (:class:`benchmarks.compare.system.System`): started privately in a folder of the
benchmark, on loopback, fed with the same rows in the same order, asked the same questions, stopped.
"""
