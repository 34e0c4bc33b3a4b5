from datetime import UTC, datetime

import pytest

from edge_common.blob_place import parse_sas_url

SAS = "sv=2024-11-04&se=2027-01-31T00%3A00%3A00Z&sr={}&sp=rcw&sig=abc%3D"


@pytest.mark.parametrize(
    ("address", "kind", "parts"),
    [
        pytest.param(
            "https://a.blob.core.windows.net/tagged",
            "c",
            ("https://a.blob.core.windows.net", "tagged", ""),
            id="a container",
        ),
        pytest.param(
            "https://a.blob.core.windows.net/tagged/shop%201/set.zip",
            "b",
            ("https://a.blob.core.windows.net", "tagged", "shop 1/set.zip"),
            id="a blob in folders",
        ),
        pytest.param(
            "http://127.0.0.1:10000/account/tagged",
            "c",
            ("http://127.0.0.1:10000/account", "tagged", ""),
            id="an emulator",
        ),
        pytest.param(
            "http://blobs:11002/account/tagged/set.zip",
            "b",
            ("http://blobs:11002/account", "tagged", "set.zip"),
            id="Blob Storage on IoT Edge",
        ),
    ],
)
def test_a_sas_url_is_read_and_shown_without_the_sas(address: str, kind: str, parts: tuple[str, str, str]) -> None:
    place = parse_sas_url(f"{address}?{SAS.format(kind)}")

    assert (place.account_url, place.container, place.blob) == parts
    assert place.shown == address
    assert place.sas == SAS.format(kind)
    assert place.ends == datetime(2027, 1, 31, tzinfo=UTC)


def test_a_name_is_for_a_container_only() -> None:
    container = parse_sas_url(f"https://a.example/c?{SAS.format('c')}")
    blob = parse_sas_url(f"https://a.example/c/b?{SAS.format('b')}")

    assert container.within("x.zip").blob == "x.zip"
    assert blob.within("x.zip") == blob
