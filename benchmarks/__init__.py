"""The benchmark: what Placette promises in speed, memory and safety, measured on the machine at hand.

``python -m benchmarks`` (or ``make bench``) measures and writes ``docs/benchmarks.md`` and ``benchmarks/results.json``.
Each part is one file with ``PART`` (the word for ``--only``) and ``run(bench)``, which yields a
:class:`benchmarks.figures.Figure` per measured value. Everything runs against real processes on loopback; nothing is
simulated, and no figure in the document is typed by hand.
"""
