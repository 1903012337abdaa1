"""The analysts' console: what its address asks for, the picker, and each view as a plot, a picture and a table."""
