"""Pictures are written anew: without what a camera notes in them (place, time, owner), and without
whatever else may hide in a file. What is seen stays as it was."""

from __future__ import annotations

import functools
import io
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from fivered.chassis.refusal import Refusal
from fivered.gateway.file_kinds import FileDamaged, FileKind

# The limit is ours, and is held before a point is read.
Image.MAX_IMAGE_PIXELS = None
# Each takes some hundreds of megabytes while it is written anew.
_AT_ONCE = threading.Semaphore(2)
_UNREADABLE = (EOFError, IndexError, OSError, SyntaxError, UnidentifiedImageError, ValueError)
_FORMATS = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP", "heic": "HEIF"}
_QUALITY = {"JPEG": {"quality": 88}, "WEBP": {"quality": 88}, "PNG": {}}
_TRANSPARENT = {"RGBA", "LA", "PA"}


class PictureTooLarge(Refusal):
    """So many points that only opening it would fill a memory."""

    status = 422
    text = (
        "图片 {width}×{height} 过大,最多 {most} 像素"
        " / The picture has {width} x {height} points; it may have {most}"
    )


def write_anew(
    source: Path, kind: FileKind, to: Path, previews: Mapping[str, tuple[Path, int]], most: int
) -> tuple[int, int]:
    """Write a picture and its smaller ones.

    Args:
        source: What came.
        kind: What it is.
        to: Where the picture goes.
        previews: Where each smaller one goes, and its longer side in points.
        most: How many points it may have.

    Returns:
        Its width and height, upright.

    Raises:
        FileDamaged: It is no such picture.
        PictureTooLarge: It has more points.
    """
    with _AT_ONCE:
        try:
            return _write_anew(source, kind, to, previews, most)
        except _UNREADABLE as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # the disk, not the picture
            raise FileDamaged from error


@functools.cache
def _reads_heif() -> None:
    """Have the reader of HEIF at hand; only where one comes, as it takes memory."""
    import pi_heif  # noqa: PLC0415

    pi_heif.register_heif_opener(thumbnails=False)


def _write_anew(
    source: Path, kind: FileKind, to: Path, previews: Mapping[str, tuple[Path, int]], most: int
) -> tuple[int, int]:
    came, form = _FORMATS[kind.name], _FORMATS[kind.kept_as.name]
    if came == "HEIF":
        _reads_heif()
    with Image.open(source, formats=[came]) as opened:
        width, height = opened.size
        if width * height > most:
            raise PictureTooLarge(width=width, height=height, most=most)
        opened.load()
        picture = _plain(ImageOps.exif_transpose(opened), form)
    picture.save(to, form, **_QUALITY[form])
    for place, side in previews.values():
        _write_smaller(picture, form, place, side)
    return picture.size


def write_smaller(source: Path, kind: FileKind, to: Path, side: int) -> None:
    """Write the smaller one of a picture that is kept already."""
    with _AT_ONCE, Image.open(source, formats=[_FORMATS[kind.name]]) as picture:
        _write_smaller(picture, _FORMATS[kind.name], to, side)


def _write_smaller(picture: Image.Image, form: str, to: Path, side: int) -> None:
    small = picture.copy()
    small.thumbnail((side, side))
    small.save(to, form, **_QUALITY[form])


def _plain(picture: Image.Image, form: str) -> Image.Image:
    """Return a picture in colours that every screen shows, with nothing beside its points."""
    profile = picture.info.get("icc_profile")
    seen_through = picture.mode in _TRANSPARENT or "transparency" in picture.info
    wanted = "RGBA" if seen_through and form != "JPEG" else "RGB"
    if profile and picture.mode in {"RGB", "RGBA"}:
        # Without its profile a picture of a newer phone would look pale.
        with suppress(ImageCms.PyCMSError, OSError):
            own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            told = ImageCms.profileToProfile(picture, own, ImageCms.createProfile("sRGB"))
            picture = told or picture
    if picture.mode != wanted:
        picture = picture.convert(wanted)
    bare = Image.new(wanted, picture.size)
    bare.paste(picture)
    return bare


__all__ = ["PictureTooLarge", "write_anew", "write_smaller"]
