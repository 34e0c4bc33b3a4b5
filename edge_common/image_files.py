"""What an image file is, told by its first bytes: its kind, and how large a picture it holds. Nothing is decoded."""

import struct

JPEG_MARK = b"\xff\xd8\xff"
PNG_MARK = b"\x89PNG\r\n\x1a\n"
_AS_JPEG = "Save it as JPEG and upload that"
_HEIC = (
    "On the iPhone it was taken with, choose Settings, Camera, Formats, Most Compatible and take it again, "
    "or save it as JPEG"
)
_BRANDS = {b"heic": "HEIC", b"heix": "HEIC", b"hevc": "HEIC", b"mif1": "HEIC", b"msf1": "HEIC", b"avif": "AVIF"}
# Start of frame: the segments of a JPEG that hold its size. C4, C8 and CC in this range are others.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def is_taken(data: bytes) -> bool:
    """Whether it begins like a JPEG or PNG."""
    return data.startswith((JPEG_MARK, PNG_MARK))


def what_instead(data: bytes) -> str:
    """What a file is that is no JPEG or PNG, and what to do about it; empty when that is not known."""
    if data[4:8] == b"ftyp":
        kind = _BRANDS.get(data[8:12])
        if kind == "HEIC":
            return f"this is a HEIC photo. {_HEIC}"
        return f"this is an AVIF image. {_AS_JPEG}" if kind else "this is a video. Upload images taken from it"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return f"this is a WebP image. {_AS_JPEG}"
    for mark, kind in ((b"GIF8", "a GIF"), (b"BM", "a BMP"), (b"II*\0", "a TIFF"), (b"MM\0*", "a TIFF")):
        if data.startswith(mark):
            return f"this is {kind} image. {_AS_JPEG}"
    return "this is a PDF. Upload its pictures as JPEG" if data.startswith(b"%PDF") else ""


def picture_size(data: bytes) -> tuple[int, int] | None:
    """Width and height in px as the file says them, before EXIF turns it; None when they cannot be found."""
    if data.startswith(PNG_MARK):
        return struct.unpack(">II", data[16:24]) if len(data) >= 24 else None
    place = 2
    while data.startswith(JPEG_MARK) and place + 9 <= len(data):
        if data[place] != 0xFF:
            return None
        kind = data[place + 1]
        if kind == 0xFF:
            # A marker may be preceded by any number of these.
            place += 1
        elif kind in _FRAMES:
            height, width = struct.unpack(">HH", data[place + 5 : place + 9])
            return width, height
        elif kind == 0x01 or 0xD0 <= kind <= 0xD9:
            place += 2
        else:
            place += 2 + struct.unpack(">H", data[place + 2 : place + 4])[0]
    return None
