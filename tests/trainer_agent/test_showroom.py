"""What the installation of a ready-made model puts on the disk."""

import pytest

from edge_common.packages import PackageStore
from edge_common.ready_made import ready_made
from edge_common.zoo import SSD_DETECTOR, find_tflite
from modules.trainer_agent.showroom import Showroom
from tests.zoo_here import zoo_folder


@pytest.mark.parametrize(("name", "published"), [("objects", True), ("pictures", False)])
def test_an_installed_model_brings_its_tflite_file_where_it_was_published_as_one(tmp_path, name, published):
    packages, one = PackageStore(tmp_path), ready_made(name)

    Showroom(zoo_folder(), packages).install(one)

    manifest = packages.verify(one.model_id, str(packages.current(one.model_id)))
    file = packages.model_file(one.model_id, manifest.version).with_name("model.tflite")
    assert (manifest.tflite is not None, file.exists()) == (published, published)
    assert not published or file.read_bytes() == find_tflite(zoo_folder(), SSD_DETECTOR)
