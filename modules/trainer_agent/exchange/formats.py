"""Which format a file from outside has, and its content as a model that is not in the library yet."""

from edge_common.errors import InvalidInput
from modules.trainer_agent.exchange import archive
from modules.trainer_agent.exchange.coco import is_coco, read_coco
from modules.trainer_agent.exchange.custom_vision import is_custom_vision, read_custom_vision
from modules.trainer_agent.exchange.exchanged import ExchangedModel, parse_json
from modules.trainer_agent.exchange.voc import read_voc
from modules.trainer_agent.exchange.zip_reading import ZipReader

EXPECTED = "a model exported here, COCO (a .json), Pascal VOC (.xml files) or a Custom Vision export (a .json)"


def read_model_file(opened: ZipReader, name: str) -> ExchangedModel:
    """The model in a file, by whatever format it has; `name` is what it is called where the format has no name.

    Raises InvalidInput that says where it is not as expected.
    """
    if archive.DOCUMENT in opened.names:
        data = opened.read(archive.DOCUMENT)
        if archive.is_archive(parse_json(data, archive.DOCUMENT)):
            return archive.read_archive(data, opened.names)
    documents = {path: path.rpartition(".")[2].lower() for path in opened.names}
    found = []
    for path in sorted(path for path, kind in documents.items() if kind == "json"):
        data = opened.read(path)
        document = parse_json(data, path)
        if is_coco(document):
            found.append((path, read_coco, data))
        elif is_custom_vision(document):
            found.append((path, read_custom_vision, data))
    if len(found) > 1:
        raise InvalidInput(
            f"One document with annotations expected, got {', '.join(path for path, *_ in found)[:300]}."
        )
    if found:
        path, read, data = found[0]
        return read(data, path, opened.names, name)
    texts = {path: opened.read(path) for path, kind in documents.items() if kind == "xml"}
    if texts:
        return read_voc(texts, opened.names, name)
    raise InvalidInput(f"No annotations are in the file. Expected is one zip with images and {EXPECTED}.")
