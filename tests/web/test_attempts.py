from placette.web.attempts import ADDRESSES, MOST, WINDOW_S, Attempts


def fail(counted: Attempts, address: str, times: int = MOST) -> None:
    for _ in range(times):
        counted.failed(address)


def test_an_address_waits_after_too_many_failures_and_then_may_try_again() -> None:
    now = 100.0
    counted = Attempts(clock=lambda: now)
    fail(counted, "192.0.2.1", MOST - 1)
    assert counted.wait_s("192.0.2.1") == 0
    counted.failed("192.0.2.1")
    assert counted.wait_s("192.0.2.1") == WINDOW_S
    assert counted.wait_s("192.0.2.2") == 0
    now += WINDOW_S
    assert counted.wait_s("192.0.2.1") == 0
    counted.failed("192.0.2.1")
    assert counted.wait_s("192.0.2.1") == 0


def test_a_whole_ipv6_network_of_a_customer_waits() -> None:
    counted = Attempts(clock=lambda: 0.0)
    fail(counted, "2001:db8::1")
    assert counted.wait_s("2001:db8::ffff:2") > 0
    assert counted.wait_s("2001:db8:0:1::1") == 0


def test_what_is_remembered_is_bounded() -> None:
    counted = Attempts(clock=lambda: 0.0)
    fail(counted, "no address at all")
    for number in range(ADDRESSES):
        counted.failed(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert counted.wait_s("no address at all") == 0
    assert len(counted._failed) == ADDRESSES
