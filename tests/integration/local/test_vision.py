"""Photos looked at from Python: whatever they come as, one by one and many, and what is wrong with them."""

import asyncio
import io
import json
import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from placket.cli.shrinking import Shrinking
from placket.domain.images import AI_FASHION
from placket.local import LANGUAGES, WHOLE_IMAGE, Box, Photo, Unusable, Vision, pictures_in
from placket.local.errors import (
    BundleInvalid,
    BundleMismatch,
    ImageError,
    ImageFormatUnsupported,
    ImageTooManyBytes,
    ImageTooManyPixels,
)
from tests.support.photos import drawn, encoded, photo, scene
from tests.support.server import placket_program


@pytest.mark.parametrize(("command", "tags"), [(["tag", "--lang", "ko"], True), (["detect"], False)])
def test_the_same_lines_as_the_command(
    vision: Vision, bundle: Path, folder: Path, command: list[str], tags: bool
) -> None:
    environment = {**os.environ, "PLACKET_BUNDLE": str(bundle)}
    done = subprocess.run(
        [placket_program(), *command, str(folder), "--json"], env=environment, capture_output=True, timeout=120
    )
    lines = []
    for seen in vision.analyse_many(pictures_in(folder), lang="ko"):
        lines.append(seen.to_dict(tags=tags) if isinstance(seen, Photo) else seen.to_dict())
    assert [json.loads(line) for line in done.stdout.splitlines()] == lines
    assert [list(line)[:2] for line in lines] == [["path", "width"], ["path", "error"], ["path", "width"]]


def test_whatever_a_picture_comes_as(vision: Vision, tmp_path: Path) -> None:
    image = drawn(300, 400)
    data = encoded(image, "PNG")
    (tmp_path / "a.png").write_bytes(data)
    wanted = vision.analyse(str(tmp_path / "a.png"))
    assert wanted.path == str(tmp_path / "a.png")
    assert len(wanted.garments) == 2
    array = np.asarray(image)
    for same in (tmp_path / "a.png", data, bytearray(data), memoryview(data), image, array, array[::-1][::-1]):
        seen = vision.analyse(same, path="a")
        assert (seen.path, seen.width, seen.height) == ("a", 300, 400)
        assert seen.to_dict()["items"] == wanted.to_dict()["items"]
        for one, other in zip(seen.garments, wanted.garments, strict=True):
            assert np.array_equal(one.embedding, other.embedding)
    assert vision.analyse(data).path == ""


def test_a_large_picture_is_as_its_file(vision: Vision) -> None:
    image = scene(1300, 1700, seed=3)
    seen, wanted = vision.analyse(image), vision.analyse(encoded(image, "PNG"))
    assert (seen.width, seen.height) == (1300, 1700)
    assert seen.to_dict() == wanted.to_dict()


def test_pillow_s_pictures_as_they_come(vision: Vision) -> None:
    """Turned by EXIF, transparent, grey, of a palette: as the file is."""
    turned = Image.Exif()
    turned[0x0112] = 6
    transparent = drawn(200, 300).convert("RGBA")
    transparent.putalpha(Image.linear_gradient("L").resize((200, 300)))
    files = [
        encoded(drawn(200, 300), "PNG", exif=turned.tobytes()),
        encoded(transparent, "PNG"),
        encoded(drawn(200, 300).convert("L"), "PNG"),
        encoded(drawn(200, 300).convert("P"), "GIF"),
        encoded(drawn(200, 300).convert("CMYK"), "TIFF"),
    ]
    for data in files:
        seen, wanted = vision.analyse(Image.open(io.BytesIO(data))), vision.analyse(data)
        assert seen.to_dict() == wanted.to_dict()
    grey, rgba = np.asarray(Image.open(io.BytesIO(files[2]))), np.asarray(transparent)
    assert vision.analyse(grey).to_dict() == vision.analyse(files[2]).to_dict()
    assert vision.analyse(rgba).to_dict() == vision.analyse(files[1]).to_dict()


def test_what_is_seen_through_a_cut_out_is_no_colour_of_it(vision: Vision, tmp_path: Path) -> None:
    image = drawn(300, 400).convert("RGBA")
    ImageDraw.Draw(image).rectangle([100, 90, 200, 180], fill=(255, 255, 255, 255))
    filled = encoded(image, "PNG")
    image.putalpha(Image.fromarray(np.where((np.asarray(image) == 255).all(-1), 0, 255).astype(np.uint8)))
    cut_out = encoded(image, "PNG")

    def colours(picture: bytes | Image.Image) -> list[list[str]]:
        return [[color.name for color in g.colors] for g in vision.analyse(picture).garments]

    assert colours(filled)[0] == ["white", "red"]
    (tmp_path / "a.png").write_bytes(cut_out)
    for same in (cut_out, image, asyncio.run(Shrinking().read(tmp_path / "a.png"))):
        assert colours(same) == [["red"], ["navy"]]


@pytest.mark.parametrize(
    ("image", "error"),
    [
        ("none.jpg", FileNotFoundError),
        (".", OSError),
        (b"", ImageFormatUnsupported),
        (b"text", ImageFormatUnsupported),
        (np.zeros((4, 4, 3), np.float32), ImageFormatUnsupported),
        (np.zeros((4, 4, 2), np.uint8), ImageFormatUnsupported),
        (np.zeros((0, 4, 3), np.uint8), ImageFormatUnsupported),
        (Image.new("F", (4, 4)), ImageFormatUnsupported),
        (None, TypeError),
        ([[0, 0], [0, 0]], TypeError),
        ("https://example.com/a.jpg", ValueError),
    ],
)
def test_what_is_no_picture(vision: Vision, image: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        vision.analyse(image)


def test_limits(vision: Vision, folder: Path) -> None:
    with pytest.raises(ImageTooManyBytes):
        vision.analyse(folder / "a.jpg", limits=replace(AI_FASHION, max_bytes=100))
    for image in (folder / "a.jpg", drawn(300, 400)):
        with pytest.raises(ImageTooManyPixels):
            vision.analyse(image, limits=replace(AI_FASHION, max_pixels=1000))
    assert vision.analyse(drawn(300, 400), limits=AI_FASHION).width == 300
    with pytest.raises(ImageFormatUnsupported, match="GIF, JPEG, PNG"):
        vision.analyse(encoded(drawn(), "BMP"), limits=AI_FASHION)


def test_a_box_and_languages(vision: Vision, folder: Path) -> None:
    for box in (Box(0.1, 0.1, 0.9, 0.5), (0.1, 0.1, 0.9, 0.5), np.array([0.1, 0.1, 0.9, 0.5])):
        (garment,) = vision.analyse(folder / "a.jpg", box=box).garments
        assert (garment.box, garment.score) == (Box(0.1, 0.1, 0.9, 0.5), 1)
    (whole,) = vision.analyse(folder / "a.jpg", box=WHOLE_IMAGE).garments
    assert whole.box == WHOLE_IMAGE
    assert len({vision.analyse(folder / "a.jpg", lang=lang).garments[0].category.label for lang in LANGUAGES}) == 4
    for wrong in ((0, 0, 1), (0, 0, 0, 1), (0, 0, 300, 400)):
        with pytest.raises(ValueError, match="box"):
            vision.analyse(folder / "a.jpg", box=wrong)
        with pytest.raises(ValueError, match="box"):
            vision.analyse_many([], box=wrong)
    with pytest.raises(ValueError, match="'fr'"):
        vision.analyse_many([], lang="fr")  # type: ignore[arg-type]


def test_many_in_order_with_the_bad_ones_among_them(vision: Vision, folder: Path) -> None:
    images = [folder / "a.jpg", folder / "none.jpg", b"text", drawn(), folder / "b.jpg"] * 10
    seen = list(vision.analyse_many(images))
    assert [type(s) for s in seen] == [Photo, Unusable, Unusable, Photo, Unusable] * 10
    none, text, _, broken = seen[1:5]
    assert isinstance(none, Unusable)
    assert (none.path, none.error) == (str(folder / "none.jpg"), "No such file or directory")
    assert isinstance(none.cause, FileNotFoundError)
    assert isinstance(text, Unusable)
    assert isinstance(broken, Unusable)
    assert text.path == ""
    assert isinstance(broken.cause, ImageError)
    assert seen[0].path == str(folder / "a.jpg")


def test_few_are_taken_ahead_and_none_is_waited_for(vision: Vision) -> None:
    taken = 0

    def images() -> Iterator[bytes]:
        nonlocal taken
        for _ in range(1000):
            taken += 1
            yield photo(30, 40)

    for number, _ in enumerate(vision.analyse_many(images())):
        assert taken - number <= vision.at_once
        if number == 50:
            break
    assert taken < 200


@pytest.mark.parametrize("one", ["photos", b"bytes", Path("photos")])
def test_many_are_not_one(vision: Vision, one: Any) -> None:
    with pytest.raises(TypeError, match="pictures_in"):
        vision.analyse_many(one)


def test_several_threads_and_a_running_loop(vision: Vision, folder: Path) -> None:
    wanted = vision.analyse(folder / "a.jpg").to_dict()
    with ThreadPoolExecutor(8) as threads:
        assert all(seen.to_dict() == wanted for seen in threads.map(vision.analyse, [folder / "a.jpg"] * 24))

    async def notebook() -> list[Photo]:
        first = vision.analyse(folder / "a.jpg")
        return [first, *await asyncio.gather(*(asyncio.wrap_future(vision.submit(folder / "a.jpg")) for _ in range(4)))]

    assert all(seen.to_dict() == wanted for seen in asyncio.run(notebook()))


def test_similarity_is_the_search_s(vision: Vision, folder: Path) -> None:
    seen = [vision.analyse(folder / name) for name in ("a.jpg", "c.jpg")]
    garments = [g for one in seen for g in one.garments]
    index = vision.index(garments, columns={"group": [g.group for g in garments]}, bundle=vision.bundle)
    for garment in garments:
        for match in index.search(garment):
            assert vision.similarity(garment, garments[match.row]) == match.similarity
    vectors = np.stack([g.embedding for g in garments])
    matrix = vision.calibrate(vectors @ vectors.T)
    assert matrix.shape == (len(garments), len(garments))
    assert np.allclose(matrix[0], [vision.similarity(garments[0], g.embedding) for g in garments], atol=2e-5)
    with pytest.raises(BundleMismatch, match="tiny-0"):
        vision.index(vectors, bundle="tiny-0")


def test_a_bundle_that_is_none(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(BundleInvalid, match=str(folder)):
            Vision(folder)
    with pytest.raises(ValueError, match="processes"):
        Vision(processes=0)
