"""``placette lorawan``: what a LoRaWAN device takes of the air and of its battery."""

from __future__ import annotations

from cyclopts import App

from placette.analyse import lorawan

app = App(name="lorawan", help="Reckon a LoRaWAN device's time on air, duty cycle and battery life.")


@app.command
def airtime(
    *,
    bytes: int = 24,  # noqa: A002  # the option is called as everybody calls it
    spreading_factor: int | None = None,
    bandwidth: int = 125,
    coding_rate: int = 5,
    messages_per_day: float = 144,
    frequency: float = 868.1,
) -> None:
    """Show the time on air of a message and how many a day the limits allow.

    Example: placette lorawan airtime --bytes 24 --spreading-factor 9

    Args:
        bytes: The application's payload; LoRaWAN adds 13 bytes.
        spreading_factor: 7 to 12; without it, all of them.
        bandwidth: In kHz: 125, 250 or 500.
        coding_rate: The n of 4/n, 5 to 8.
        messages_per_day: How many the device sends; 144 is one every ten minutes.
        frequency: In MHz; its band says the duty cycle.
    """
    factors = range(7, 13) if spreading_factor is None else (spreading_factor,)
    print(f"{'SF':>4}{'on air':>12}{'duty cycle':>12}{'of limit':>10}{'at most':>14}{'fair use':>14}")
    for factor in factors:
        given = {
            "bytes": bytes,
            "spreading_factor": factor,
            "bandwidth_khz": bandwidth,
            "coding_rate": coding_rate,
        }
        frame = lorawan.made(lorawan.Frame, given)
        found = lorawan.load(frame, messages_per_day, frequency)
        print(
            f"{factor:>4}{found.airtime_s * 1000:>9.1f} ms{found.duty_cycle:>12.3%}{found.share:>10.1%}"
            f"{found.most_per_day:>8} a day{found.most_fair:>8} a day{_too_long(frame)}"
        )
    of = lorawan.band(frequency)
    print(f"Band {of.from_mhz:g}–{of.to_mhz:g} MHz, duty cycle {of.duty_cycle:.1%} ({lorawan.bands().source}).")
    print(f"Fair use: {lorawan.FAIR_USE_S:g} s a day, asked by community networks. Method: {lorawan.METHOD_AIRTIME}.")


@app.command
def battery(
    *,
    bytes: int = 24,  # noqa: A002
    spreading_factor: int = 9,
    messages_per_day: float = 144,
    capacity: float = 3_000,
    sleep: float = 10,
    measure: float = 20,
    measure_seconds: float = 5,
    transmit: float = 40,
    receive: float = 12,
    receive_seconds: float = 0.2,
    usable: float = 85,
    temperature: float = 90,
    self_discharge: float = 2,
) -> None:
    """Show how long a device's battery lasts, and what the charge of a day goes to.

    Example: placette lorawan battery --capacity 3000 --messages-per-day 144 --spreading-factor 9

    Args:
        bytes: The application's payload; LoRaWAN adds 13 bytes.
        spreading_factor: 7 to 12.
        messages_per_day: How many the device sends.
        capacity: Of the battery, mA·h.
        sleep: Current asleep, µA.
        measure: Current while it measures, mA.
        measure_seconds: How long it measures before each message, s.
        transmit: Current while it sends, mA.
        receive: Current in the receive windows, mA.
        receive_seconds: Both receive windows of a message, s.
        usable: Share of the capacity before the voltage is too low, %.
        temperature: Share of the capacity left at the temperatures of the place, %.
        self_discharge: Share of the capacity lost each year, %.
    """
    on_air = lorawan.airtime_s(lorawan.made(lorawan.Frame, {"bytes": bytes, "spreading_factor": spreading_factor}))
    given = {
        "messages_per_day": messages_per_day,
        "capacity_mah": capacity,
        "sleep_ua": sleep,
        "measure_ma": measure,
        "measure_s": measure_seconds,
        "transmit_ma": transmit,
        "receive_ma": receive,
        "receive_s": receive_seconds,
        "usable_percent": usable,
        "temperature_percent": temperature,
        "self_discharge_percent": self_discharge,
    }
    _show(lorawan.life(lorawan.made(lorawan.Device, given), on_air))


def _show(found: lorawan.Life) -> None:
    print(f"{found.days:,.0f} days ({found.years:.1f} years) on {found.usable_mah:,.0f} usable mA·h")
    for name in ("sleep", "measure", "transmit", "receive", "self_discharge"):
        charge = getattr(found, f"{name}_mah")
        print(f"{name.replace('_', ' '):>16}{charge:>10.4f} mA·h a day{charge / (found.daily_mah or 1):>8.1%}")


def _too_long(frame: lorawan.Frame) -> str:
    most = lorawan.LARGEST_PAYLOAD[frame.spreading_factor]
    return f"   longer than the {most} bytes allowed" if frame.bytes > most and frame.bandwidth_khz == 125 else ""
