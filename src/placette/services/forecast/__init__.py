"""Forecasts of every hourly and daily datastream, as derived datastreams with their time of issue and their record.

``selection`` says which datastreams, ``covariates`` what is known of the days to come, ``worker`` does the heavy work
on arrays in a process of its own, ``judging`` keeps the record beside the seasonal naive, ``foreseeing`` says what is
due and writes it, ``reading`` gives it out again, ``thresholds`` the legal numbers.
"""
