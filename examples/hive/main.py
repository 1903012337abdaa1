"""What the board starts: one measurement, one attempt to send, deep sleep; docs/hive.md says how to flash and wire it.

On a computer, with MicroPython's Unix port: ``micropython main.py hive.json 3`` makes three rounds without sleeping.
"""

import sys

from hive import cycle


def main(arguments):
    """Run for ever on a board, or the given number of rounds on a computer; return the exit code."""
    config = cycle.read_config(arguments[1] if len(arguments) > 1 else "hive.json")
    if len(arguments) > 2:
        waiting = cycle.rounds(config, int(arguments[2]))
        print(f"{waiting} frames wait")  # noqa: T201  # the console is all a board has
        return 0 if waiting == 0 else 1
    return cycle.run(config)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
