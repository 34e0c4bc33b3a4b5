import numpy as np
import pytest

from edge_common.images import letterbox
from edge_common.onnx_session import OnnxSession
from edge_common.ssd import FEATURE_MAPS
from edge_common.zoo import SSD_BACKBONE
from modules.trainer_agent.learning.backbone import DetectionBackbone
from modules.trainer_agent.learning.features import RELU6_STEP, unpack
from tests.trainer_agent.learning.made import draw_shapes
from tests.zoo_here import zoo_model


@pytest.mark.parametrize("size", [128, 192])
def test_features_are_the_networks_rounded_to_what_the_cache_keeps(backbone: DetectionBackbone, size: int) -> None:
    square = letterbox(draw_shapes(1)[0], size)

    view = backbone.features(square)

    out = OnnxSession(zoo_model(SSD_BACKBONE).path, threads=1).run(
        {"image": square.transpose(2, 0, 1)[None].astype(np.float32)}
    )
    for name, channels in FEATURE_MAPS.items():
        side = size // int(name.removeprefix("map"))
        assert view.maps[name].shape == (channels, side, side)
        np.testing.assert_allclose(view.maps[name] * RELU6_STEP, out[name][0], atol=RELU6_STEP / 2 + 1e-5)
    first = out["boxes16"][0].reshape(3, 4, -1)
    np.testing.assert_allclose(view.encodings[5], first[5 % 3, :, 5 // 3], atol=5e-3)


def test_a_view_is_packed_as_it_is(backbone: DetectionBackbone) -> None:
    square = letterbox(draw_shapes(0)[0], 128)

    packed = unpack(backbone.arrays(square))

    alone = backbone.features(square)
    np.testing.assert_array_equal(alone.logits, packed.logits)
    for name in FEATURE_MAPS:
        np.testing.assert_array_equal(alone.maps[name], packed.maps[name])
