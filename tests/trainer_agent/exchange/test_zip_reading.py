"""Zip files that are refused, and why."""

import stat
import struct
import zipfile

import pytest

from edge_common.errors import InvalidInput
from modules.trainer_agent.exchange.zip_reading import ZipReader


def zip_of(path, members, *, packed=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", packed) as file:
        for name, data in members:
            file.writestr(name, data)
    return path


def link(name):
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def test_members_are_read_and_what_a_file_manager_adds_is_left_out(tmp_path):
    path = zip_of(
        tmp_path / "a.zip", [("a/b.txt", b"one"), ("__MACOSX/a/b.txt", b"x"), (".DS_Store", b"x"), ("c/", b"")]
    )

    with ZipReader(path) as opened:
        assert (opened.names, opened.read("a/b.txt")) == ({"a/b.txt"}, b"one")


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../up.jpg", "a/../../up.jpg", "a\\b.jpg", "C:/a.jpg"], ids=lambda name: name
)
def test_a_path_that_leaves_the_folder_is_refused_by_its_name(tmp_path, name):
    path = zip_of(tmp_path / "a.zip", [(name, b"x")])

    with pytest.raises(InvalidInput, match="a path inside the file expected"):
        ZipReader(path)


def test_a_link_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match=r"'a.jpg': a file expected, got a link"):
        ZipReader(zip_of(tmp_path / "a.zip", [(link("a.jpg"), b"/etc/passwd")]))


def test_a_member_that_grows_without_measure_is_refused_unread(tmp_path):
    path = zip_of(tmp_path / "a.zip", [("a.jpg", b"\0" * 3_000_000)], packed=zipfile.ZIP_DEFLATED)

    with pytest.raises(InvalidInput, match=r"'a.jpg': grows more than 100 times"):
        ZipReader(path)


def test_a_member_that_lies_about_its_size_is_refused(tmp_path):
    path = zip_of(tmp_path / "a.zip", [("a.jpg", b"x" * 500_000)], packed=zipfile.ZIP_DEFLATED)
    data = path.read_bytes()
    size = struct.pack("<I", 500_000)
    assert data.count(size) == 2
    path.write_bytes(data.replace(size, struct.pack("<I", 100)))

    with ZipReader(path) as opened, pytest.raises(InvalidInput, match=r"a.jpg: "):
        opened.read("a.jpg")


def test_a_member_larger_than_its_kind_is_refused(tmp_path):
    with (
        ZipReader(zip_of(tmp_path / "a.zip", [("a.jpg", b"x" * 2000)])) as opened,
        pytest.raises(InvalidInput, match=r"a.jpg: at most 0.001 MB expected"),
    ):
        opened.read("a.jpg", 1000)


def test_the_same_name_twice_is_refused(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate name"):
        path = zip_of(tmp_path / "a.zip", [("a.jpg", b"x"), ("a.jpg", b"y")])

    with pytest.raises(InvalidInput, match=r"'a.jpg': is in the file twice"):
        ZipReader(path)


@pytest.mark.parametrize("cut", [0, 10, -30], ids=["nothing", "the start", "without its end"])
def test_a_file_that_is_cut_short_is_refused(tmp_path, cut):
    path = zip_of(tmp_path / "a.zip", [("a.jpg", b"x" * 100)])
    path.write_bytes(path.read_bytes()[:cut])

    with pytest.raises(InvalidInput, match="A zip file is expected"):
        ZipReader(path)


def test_a_damaged_member_is_refused_by_its_name(tmp_path):
    path = zip_of(tmp_path / "a.zip", [("a.jpg", b"abcdefgh" * 100)])
    path.write_bytes(path.read_bytes().replace(b"abcdefgh", b"abcdefgX", 1))

    with ZipReader(path) as opened, pytest.raises(InvalidInput, match=r"a.jpg: cannot be read from the file"):
        opened.read("a.jpg")
