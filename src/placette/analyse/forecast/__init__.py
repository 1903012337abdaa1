"""Forecasts of many series at once: quantiles of every step ahead, and how good they were.

All series of one step length stand in one table (steps × series, NaN where missing) beside what is known of the days
to come. A forecaster is a function from such a `Panel` and a horizon to quantiles (steps ahead × series × levels).
"""
