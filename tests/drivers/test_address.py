"""Addresses, good and bad."""

import pytest

from drivers.links.address import (
    Address,
    HidAddress,
    LineSettings,
    ModbusAddress,
    OpcUaAddress,
    PersonAddress,
    Rfc2217Address,
    SerialAddress,
    TcpAddress,
    TcpListenAddress,
    parse_address,
)
from edge_agent.errors import ConfigurationError


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("opc.tcp://plc-1:48401/asrs-1", OpcUaAddress("opc.tcp://plc-1:48401/asrs-1")),
        ("opc.tcp://plc-1/asrs-1", OpcUaAddress("opc.tcp://plc-1:4840/asrs-1")),
        ("modbus://10.0.0.5:1502/3", ModbusAddress("10.0.0.5", 1502, 3)),
        ("modbus://10.0.0.5/255", ModbusAddress("10.0.0.5", 502, 255)),
        ("modbus://[::1]:502/1", ModbusAddress("::1", 502, 1)),
        ("tcp://10.0.0.5:9100", TcpAddress("10.0.0.5", 9100)),
        ("tcp-listen://0.0.0.0:9100", TcpListenAddress("0.0.0.0", 9100)),
        ("tcp-listen://127.0.0.1:0", TcpListenAddress("127.0.0.1", 0)),
        ("serial:///dev/ttyUSB0", SerialAddress("/dev/ttyUSB0")),
        (
            "serial:///dev/ttyS0?baudrate=115200&bytesize=7&parity=E&stopbits=2",
            SerialAddress("/dev/ttyS0", LineSettings(115200, 7, "E", 2)),
        ),
        ("socket://10.0.0.6:4001", TcpAddress("10.0.0.6", 4001)),
        ("rfc2217://10.0.0.6:4001", Rfc2217Address("10.0.0.6", 4001)),
        (
            "rfc2217://10.0.0.6:4001?baudrate=19200&stopbits=1.5",
            Rfc2217Address("10.0.0.6", 4001, LineSettings(19200, stopbits=1.5)),
        ),
        ("hid:///dev/input/by-id/usb-ACME-event-kbd", HidAddress("/dev/input/by-id/usb-ACME-event-kbd")),
        ("person://st3", PersonAddress("st3")),
        ("person://st3/left", PersonAddress("st3/left")),
    ],
)
def test_an_address_is_taken_apart(text: str, address: Address) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("http://host:80/", "unknown kind 'http'"),
        ("modbus://host:502/300", "unit '300': write a number from 0 to 255"),
        ("modbus://host:502/", "unit ''"),
        ("modbus://host:502/²", "unit '²'"),
        ("modbus://:502/1", "no host"),
        ("person:///", "no name: write person://station-1"),
        ("tcp://host", "no port"),
        ("tcp://host:0", "no port"),
        ("tcp://host:99999", "write a port from 0 to 65535"),
        ("tcp-listen://:9100", "no host"),
        ("serial://ttyUSB0", "with three slashes"),
        ("serial:///dev/ttyUSB0?baudrate=fast", "baudrate 'fast'"),
        ("serial:///dev/ttyUSB0?parity=X", "parity 'X': use N, E, O"),
        ("rfc2217://10.0.0.6", "no port"),
        ("rfc2217://10.0.0.6:4001?parity=odd", "parity 'odd': use N, E, O"),
        ("hid://scanner", "write hid:///dev/name, with three slashes"),
        ("serial:///dev/ttyUSB0?speed=9600", "unknown setting 'speed': use baudrate"),
    ],
)
def test_a_bad_address_says_what_may_stand_there(text: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        parse_address(text)
    assert repr(text) in str(error.value)
    assert complaint in str(error.value)
