"""Drawn pictures as a set on disk and as a video, as the benchmarks read them."""

import json
from pathlib import Path

import cv2

from edge_common.images import encode_jpeg
from tests.trainer_agent.learning.made import draw_shapes


def drawn_set(folder: Path, images: int) -> Path:
    """A folder with images/ and COCO annotations.json, of discs and squares."""
    (folder / "images").mkdir()
    coco = {"images": [], "annotations": [], "categories": [{"id": 1, "name": "disc"}, {"id": 2, "name": "square"}]}
    for seed in range(images):
        picture, boxes = draw_shapes(seed)
        height, width = picture.shape[:2]
        (folder / "images" / f"{seed}.jpg").write_bytes(encode_jpeg(picture, 95))
        coco["images"].append({"id": seed, "file_name": f"{seed}.jpg", "width": width, "height": height})
        for found in boxes:
            box = found.box
            bbox = [box.x0 * width, box.y0 * height, box.width * width, box.height * height]
            coco["annotations"].append({"image_id": seed, "category_id": found.tag + 1, "bbox": bbox})
    (folder / "annotations.json").write_text(json.dumps(coco))
    return folder


def video_of_shapes(path: Path, codec: str = "MJPG") -> Path:
    """Twenty frames of drawn shapes: two seconds, 320 x 240 px. codec: four letters, as OpenCV has them."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), 10, (320, 240))
    for seed in range(20):
        writer.write(draw_shapes(seed)[0])
    writer.release()
    return path
