"""Pictures keep what is seen and lose what the camera wrote: checked with another library's writer and reader."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import NOW
from tests.store.conftest import empty_database, empty_file, engine, url
from tocsin.listen.alerts import media
from tocsin.listen.alerts.pictures import without_metadata
from tocsin.store import writing
from tocsin.store.keys import open_keys

Image = pytest.importorskip("PIL.Image")
SECRET = b"Serial 3527065 of Marie"
__all__ = ["empty_database", "empty_file", "engine", "url"]


def picture(form: str, turned: int = 1, **more) -> bytes:
    made = Image.new("RGB", (40, 24))
    made.putdata([(x * 6, y * 10, 90) for y in range(24) for x in range(40)])
    exif = Image.Exif()
    exif[0x0112] = turned
    exif[0x010F] = SECRET.decode()
    exif.get_ifd(0x8825)[2] = (6.0, 12.0, 34.5)
    out = io.BytesIO()
    made.save(out, form, exif=exif, **more)
    return out.getvalue()


def points(content: bytes) -> bytes:
    return Image.open(io.BytesIO(content)).convert("RGB").tobytes()


@pytest.mark.parametrize(
    ("form", "more"),
    [
        ("JPEG", {}),
        ("JPEG", {"progressive": True, "comment": SECRET}),
        ("PNG", {}),
        ("WEBP", {"lossless": True, "xmp": SECRET}),
    ],
)
def test_the_picture_stays_and_what_was_written_beside_it_goes(form: str, more: dict) -> None:
    given_ = picture(form, **more)
    assert SECRET in given_
    cleaned = without_metadata(given_)
    assert SECRET not in cleaned
    assert points(cleaned) == points(given_)
    left = Image.open(io.BytesIO(cleaned)).getexif()
    assert dict(left) == {}
    assert left.get_ifd(0x8825) == {}
    assert without_metadata(cleaned) == cleaned


def test_which_way_up_stays() -> None:
    cleaned = without_metadata(picture("JPEG", turned=6))
    assert dict(Image.open(io.BytesIO(cleaned)).getexif()) == {0x0112: 6}
    assert SECRET not in cleaned


def test_what_a_phone_appends_behind_the_picture_goes() -> None:
    cleaned = without_metadata(picture("JPEG") + b"film" + SECRET + picture("JPEG"))
    assert SECRET not in cleaned
    assert points(cleaned) == points(picture("JPEG"))


@given(st.sampled_from([b"\xff\xd8", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP"]), st.binary(max_size=200))
def test_anything_else_ends_and_is_not_longer(start: bytes, rest: bytes) -> None:
    assert len(without_metadata(start + rest)) <= len(start + rest) + 40


@given(st.integers(0, 900), st.sampled_from(["JPEG", "PNG", "WEBP"]))
def test_a_cut_picture_says_nothing_either(end: int, form: str) -> None:
    assert SECRET not in without_metadata(picture(form)[:end])


def test_what_is_no_picture_recording_or_film_is_not_kept(engine, tmp_path) -> None:
    with writing(engine) as connection:
        keys = open_keys(connection, tmp_path / "keys", NOW)
    for content in (b"MZ\x90 a program", b"<html><script>", b"%PDF-1.7", b"PK\x03\x04", b"\xff\xd8", b"", b"RIFF1234x"):
        assert media.keep(tmp_path, keys, content) == media.NOT_KEPT
    assert not (tmp_path / media.FOLDER).exists()
    for content in (b"#!AMR\n rec", b"\0\0\0\x18ftypmp42", b"RIFF1234WAVEfmt ", picture("PNG"), picture("WEBP")):
        assert media.keep(tmp_path, keys, content).startswith(media.MARK)


def test_what_is_kept_is_the_cleaned_picture(engine, tmp_path) -> None:
    with writing(engine) as connection:
        keys = open_keys(connection, tmp_path / "keys", NOW)
    word = media.keep(tmp_path, keys, picture("JPEG"))
    assert SECRET not in media.give(tmp_path, keys, word)
