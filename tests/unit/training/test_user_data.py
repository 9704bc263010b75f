"""COCO files as tools write them, and photos as phones take them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from placket.domain.errors import InvalidParameter
from placket.training.detector.user_data import read_coco


def write(folder: Path, images: list[Any], annotations: list[Any], categories: list[Any] | None = None) -> Path:
    content = {"images": images, "annotations": annotations, "categories": categories or [{"id": 1, "name": "TOP"}]}
    path = folder / "boxes.json"
    path.write_text(json.dumps(content))
    return path


def photo(folder: Path, name: str, size: tuple[int, int], orientation: int = 1) -> None:
    image = Image.new("RGB", size, (80, 90, 100))
    exif = image.getexif()
    exif[0x0112] = orientation
    image.save(folder / name, exif=exif)


def box(image: int, *place: float, category: int = 1) -> dict[str, Any]:
    return {"image_id": image, "category_id": category, "bbox": list(place)}


def test_boxes_are_told_on_the_picture_as_it_was_not_as_it_is_kept(tmp_path: Path) -> None:
    photo(tmp_path, "large.jpg", (1000, 2000))
    path = write(tmp_path, [{"id": 1, "file_name": "large.jpg"}], [box(1, 100, 400, 500, 800)])
    (sample,) = read_coco(path, tmp_path, tmp_path / "cache")
    assert np.allclose(sample.boxes, [[0.1, 0.2, 0.6, 0.6]])


def test_a_photo_that_lies_on_its_side_is_turned_and_boxes_drawn_on_it_lying_are_refused(tmp_path: Path) -> None:
    photo(tmp_path, "phone.jpg", (200, 100), orientation=6)
    upright = {"id": 1, "file_name": "phone.jpg", "width": 100, "height": 200}
    (sample,) = read_coco(write(tmp_path, [upright], [box(1, 0, 0, 50, 50)]), tmp_path, tmp_path / "cache")
    assert np.allclose(sample.boxes, [[0, 0, 0.5, 0.25]])
    assert json.loads((tmp_path / "cache" / "own.json").read_text())["shape"] == [[200, 100, 3]]
    lying = {**upright, "width": 200, "height": 100}
    with pytest.raises(InvalidParameter, match=r"phone\.jpg has 100 x 200 pixels upright"):
        read_coco(write(tmp_path, [lying], [box(1, 0, 0, 50, 50)]), tmp_path, tmp_path / "cache")


def test_a_category_of_no_annotation_needs_no_group(tmp_path: Path) -> None:
    photo(tmp_path, "a.jpg", (100, 100))
    categories = [{"id": 0, "name": "clothes"}, {"id": 1, "name": "t_shirt"}]
    images = [{"id": 1, "file_name": "a.jpg"}]
    (sample,) = read_coco(write(tmp_path, images, [box(1, 0, 0, 9, 9)], categories), tmp_path, tmp_path / "cache")
    assert sample.groups.tolist() == [0]
    path = write(tmp_path, images, [box(1, 0, 0, 9, 9, category=0)], categories)
    with pytest.raises(InvalidParameter, match="no group for the categories clothes"):
        read_coco(path, tmp_path, tmp_path / "cache")


def test_a_group_that_is_none_is_named(tmp_path: Path) -> None:
    photo(tmp_path, "a.jpg", (100, 100))
    path = write(tmp_path, [{"id": 1, "file_name": "a.jpg"}], [box(1, 0, 0, 9, 9)])
    with pytest.raises(InvalidParameter, match="'TOPS' is neither a group"):
        read_coco(path, tmp_path, tmp_path / "cache", {"clothes": "TOPS"})


def test_two_categories_with_one_number_are_refused_of_which_the_last_would_count(tmp_path: Path) -> None:
    photo(tmp_path, "a.jpg", (100, 100))
    categories = [{"id": 1, "name": "TOP"}, {"id": 1, "name": "SHOES"}]
    path = write(tmp_path, [{"id": 1, "file_name": "a.jpg"}], [box(1, 0, 0, 9, 9)], categories)
    with pytest.raises(InvalidParameter, match="two categories with the id 1"):
        read_coco(path, tmp_path, tmp_path / "cache")


@pytest.mark.parametrize(
    ("images", "annotations", "said"),
    [
        ([{"id": 1, "file_name": "a.jpg"}], [box(1, 0, 0, 9, 9, category=7)], "annotation of category 7"),
        ([{"id": 1, "file_name": "a.jpg"}], [box(2, 0, 0, 9, 9)], "annotation of image 2"),
        ([{"id": 1, "file_name": "a.jpg"}, {"id": 1, "file_name": "b.jpg"}], [], "two images with the same id"),
        ([{"id": 1, "file_name": "a.jpg"}, {"id": 2, "file_name": "./a.jpg"}], [], "with the same id or file_name"),
        ([{"id": 1, "file_name": "broken.jpg"}], [], "broken.jpg: the JPEG cannot be decoded"),
        ([{"id": 1, "file_name": "a.jpg"}], [box(1, 0, 0, 9)], "a box is four numbers"),
        ([{"id": 1, "file_name": "a.jpg"}], [box(1, 0.1, 0.1, 0.5, 0.5)], "a.jpg: a box is x, y, width, height in"),
        ([{"id": 1, "file_name": "a.jpg"}], [box(1, 200, 10, 20, 20)], "less than one pixel of [200, 10, 20, 20]"),
        ([{"id": 1, "file_name": "a.jpg", "width": 0.4}], [], "a.jpg: the COCO file says 0.4 x 100 pixels"),
        ([{"id": 1, "file_name": "a.jpg", "height": "tall"}], [], "a.jpg: the COCO file says 100 x 'tall' pixels"),
        ([{"id": 1, "file_name": "a.jpg", "width": -9, "height": -9}], [], "a.jpg: the COCO file says -9 x -9 pixels"),
        ([{"id": 1, "file_name": "a\0.jpg"}], [], "can be no file's name"),
        ([{"id": 1, "file_name": "a" * 5000}], [], "can be no file's name"),
        ([{"file_name": "a.jpg"}], [], "is no COCO file"),
    ],
)  # fmt: skip
def test_a_file_that_does_not_fit_is_refused_with_a_sentence(
    tmp_path: Path, images: list[Any], annotations: list[Any], said: str
) -> None:
    photo(tmp_path, "a.jpg", (100, 100))
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(InvalidParameter) as told:
        read_coco(write(tmp_path, images, annotations), tmp_path, tmp_path / "cache")
    assert said in told.value.detail


def test_a_file_may_begin_with_a_byte_order_mark_as_windows_writes_it(tmp_path: Path) -> None:
    photo(tmp_path, "a.jpg", (100, 100))
    path = write(tmp_path, [{"id": 1, "file_name": "a.jpg"}], [box(1, 0, 0, 9, 9)])
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert len(read_coco(path, tmp_path, tmp_path / "cache")) == 1
