"""Calibration of low-cost sensors: published corrections of particulates, and models fitted beside a reference station.

Every corrected value has an expanded uncertainty (k = 2) where the model knows one, and is suspect (flag 3) where the
sensor saw something that it never saw beside the reference. Values and times are arrays; a missing value is NaN.
"""
