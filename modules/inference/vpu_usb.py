"""What USB shows of a Myriad X, for when none answers: by looking in the folder of Linux, without opening anything."""

from collections.abc import Collection
from pathlib import Path
from typing import Literal

USB_DEVICES = Path("/sys/bus/usb/devices")
EYE, MYRIAD_X, BOOTED = "045e:066f", "03e7:2485", "03e7:f63b"


def usb_ids(devices: Path = USB_DEVICES) -> frozenset[str]:
    """Vendor and product of every USB device, such as 03e7:2485."""
    found = set()
    for device in devices.glob("*"):
        try:
            vendor, product = ((device / name).read_text().strip().lower() for name in ("idVendor", "idProduct"))
        except OSError:
            # An interface of a device, or a device that was unplugged meanwhile.
            continue
        found.add(f"{vendor}:{product}")
    return frozenset(found)


def is_not_updated(ids: Collection[str]) -> bool:
    """Whether there is an Eye whose firmware was not updated in 2023: its VPU never shows."""
    return EYE in ids and MYRIAD_X not in ids and BOOTED not in ids


def instead_of_device(ids: Collection[str]) -> tuple[Literal["no_device", "not_updated"], str]:
    """Which fault it is that no Myriad X answers, and in words what USB shows."""
    if MYRIAD_X in ids:
        return "no_device", f"USB shows {MYRIAD_X}, so it may be that this program has no right to open it"
    if BOOTED in ids:
        told = (
            f"USB shows {BOOTED}: a program has booted it already, and until it is switched off an Eye takes no other"
        )
        return "no_device", told
    if is_not_updated(ids):
        told = f"USB shows an Eye as {EYE} that never becomes {MYRIAD_X}: its firmware was not updated in 2023"
        return "not_updated", told
    return "no_device", f"USB shows no Myriad X ({MYRIAD_X})"
