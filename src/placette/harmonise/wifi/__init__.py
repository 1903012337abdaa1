"""Frames of people's devices become counts: an address is hashed with a salt in memory and forgotten at once.

Pure: randomness, keys and the clock are passed in. ``slots`` is CNIL's case 1 (sketches of five minutes, the default),
``days`` case 2 (the CDRC procedure with pseudonyms of one day at most), ``rate`` the count without any address,
``publishing`` what may be told of it. Sources and duties: docs/wifi.md.
"""
