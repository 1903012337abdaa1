"""The published forecasting benchmarks, recomputed with their exact protocols: fev-bench and GIFT-Eval.

Here the pure methods of ``analyse.forecast`` meet files: the authors' data, and the tables of published results our
row is printed among. The data is not shipped; ``placette benchmark --data FOLDER`` says where it lies.
"""
