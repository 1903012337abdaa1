"""Methods on arrays and tables, arrays in and arrays out. No city words, no clock, no files, no sockets."""
