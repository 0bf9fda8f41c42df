"""Pictures without what the camera wrote beside them: owner, serial number, exact place, thumbnail. Pure calculations.

JPEG (ITU-T T.81 annex B), PNG (W3C PNG 3, section 11) and WebP (RFC 9649) are walked part by part; only parts that are
needed to draw the picture stay, and which way up it is. The picture itself is not touched or compressed again.
"""

import struct

_JPEG, _PNG = b"\xff\xd8", b"\x89PNG\r\n\x1a\n"
# Adobe's marker says how colours are stored; JFIF's how dense the points are; the profile what the colours mean.
_JPEG_KEPT = {0xE0: b"JFIF\0", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
_PNG_KEPT = {
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"sBIT", b"bKGD", b"pHYs",
    b"acTL", b"fcTL", b"fdAT",
}  # fmt: skip
_WEBP_KEPT = {b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"}
_ORIENTATION = 0x0112
# What files of phones begin with, and where: pictures, recordings, films.
_BEGINS = (
    (0, _JPEG + b"\xff", "image/jpeg"), (0, _PNG, "image/png"), (0, b"GIF8", "image/gif"),
    (8, b"WEBP", "image/webp"), (8, b"WAVE", "audio/wav"), (8, b"AVI ", "video/x-msvideo"),
    (4, b"ftyphei", "image/heic"), (4, b"ftypmif1", "image/heif"), (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftyp3g", "video/3gpp"), (4, b"ftypqt", "video/quicktime"), (4, b"ftyp", "video/mp4"),
    (0, b"#!AMR", "audio/amr"), (0, b"OggS", "audio/ogg"), (0, b"fLaC", "audio/flac"), (0, b"caff", "audio/x-caf"),
    (0, b"ID3", "audio/mpeg"), (0, b"\xff\xfb", "audio/mpeg"), (0, b"\xff\xf3", "audio/mpeg"),
    (0, b"\xff\xf1", "audio/aac"), (0, b"\xff\xf9", "audio/aac"), (0, b"\x1a\x45\xdf\xa3", "video/webm"),
)  # fmt: skip


def kind_of(content: bytes) -> str:
    r"""What a file is by what it begins with: the media type of a picture, recording or film; empty for all else.

    Examples
    --------
    >>> kind_of(b"#!AMR..."), kind_of(b"MZ program"), kind_of(b"<html>")
    ('audio/amr', '', '')
    """
    for at, begin, kind in _BEGINS:
        if content[at : at + len(begin)] == begin and (at != 8 or content[:4] == b"RIFF"):
            return kind
    return ""


def without_metadata(content: bytes) -> bytes:
    """A picture with only what draws it; anything that is not JPEG, PNG or WebP comes back as it is.

    A picture that ends too early keeps its parts up to there.

    Examples
    --------
    >>> without_metadata(b"a recording") == b"a recording"
    True
    """
    if content[:2] == _JPEG:
        return _jpeg(content)
    if content[:8] == _PNG:
        return _png(content)
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return _webp(content)
    return content


def _jpeg(content: bytes) -> bytes:
    found, at, turned = [], 2, 1
    while at + 4 <= len(content) and content[at] == 0xFF:
        kind = content[at + 1]
        if kind == 0xFF:  # filling
            at += 1
            continue
        if kind in (0x01, 0xD9) or 0xD0 <= kind <= 0xD7:
            found.append(content[at : at + 2])
            at += 2
            continue
        length = int.from_bytes(content[at + 2 : at + 4])
        part = content[at : at + 2 + length]
        if length < 2 or len(part) < 2 + length:
            break
        if kind == 0xE1 and part[4:10] == b"Exif\0\0":
            turned = _way_up(part[10:])
        kept = _JPEG_KEPT.get(kind)
        if kept is None and not (0xE0 <= kind <= 0xEF or kind == 0xFE):
            found.append(part)
        elif kept is not None and part[4:].startswith(kept):
            # JFIF's own marker may carry a thumbnail, which may show more than the picture
            found.append(b"\xff\xe0\x00\x10" + part[4:16] + b"\0\0" if kind == 0xE0 and length >= 16 else part)
        at += 2 + length
        if kind == 0xDA:  # the picture's points, to the end marker; what a phone appends behind it goes
            end = content.rfind(b"\xff\xd9", at)
            found.append(content[at:] if end < 0 else _first_picture(content, at))
            break
    return _JPEG + _exif(turned) + b"".join(found)


def _first_picture(content: bytes, at: int) -> bytes:
    """The scans up to the end of the first picture: progressive pictures have several, with tables between them."""
    start = at
    while True:
        at = content.find(b"\xff", at)
        if at < 0 or at + 1 >= len(content):
            return content[start:]
        kind = content[at + 1]
        if kind == 0xD9:
            return content[start : at + 2]
        if kind in (0x00, 0xFF) or 0xD0 <= kind <= 0xD7:
            at += 1 if kind == 0xFF else 2
            continue
        length = int.from_bytes(content[at + 2 : at + 4])
        if 0xE0 <= kind <= 0xEF or kind == 0xFE:
            return content[start:at] + _first_picture(content, at + 2 + max(length, 2))
        at += 2 + max(length, 2)


def _way_up(tiff: bytes) -> int:
    """Orientation, 1 to 8, out of an Exif block; 1 where it cannot be read."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    try:
        if order is None:
            return 1
        at = struct.unpack_from(order + "I", tiff, 4)[0]
        for n in range(struct.unpack_from(order + "H", tiff, at)[0]):
            tag, kind, count, value = struct.unpack_from(order + "HHIH", tiff, at + 2 + 12 * n)
            if (tag, kind, count) == (_ORIENTATION, 3, 1):
                return int(value) if 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1


def _exif(turned: int) -> bytes:
    """An Exif block that says which way up, and nothing else; empty where it is upright."""
    if turned == 1:
        return b""
    block = b"Exif\0\0MM\0*" + struct.pack(">IHHHIHHI", 8, 1, _ORIENTATION, 3, 1, turned, 0, 0)
    return b"\xff\xe1" + (len(block) + 2).to_bytes(2) + block


def _png(content: bytes) -> bytes:
    found, at = [_PNG], 8
    while at + 12 <= len(content):
        length, kind = int.from_bytes(content[at : at + 4]), content[at + 4 : at + 8]
        part = content[at : at + 12 + length]
        if len(part) < 12 + length:
            break
        if kind in _PNG_KEPT:
            found.append(part)
        at += 12 + length
        if kind == b"IEND":
            break
    return b"".join(found)


def _webp(content: bytes) -> bytes:
    found, at = [], 12
    while at + 8 <= len(content):
        kind, length = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], "little")
        part = content[at : at + 8 + length + length % 2]
        if len(part) < 8 + length:
            break
        if kind == b"VP8X" and length >= 10:  # its flags say that metadata follow: they do not any more
            part = part[:8] + bytes([part[8] & ~0x0C]) + part[9:]
        if kind in _WEBP_KEPT:
            found.append(part)
        at += len(part)
    body = b"WEBP" + b"".join(found)
    return b"RIFF" + len(body).to_bytes(4, "little") + body
