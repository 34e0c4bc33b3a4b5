"""The one home of azure-storage-blob: a block blob written block by block, its errors those of this program, in words.

Texts of the SDK hold whole addresses, with the SAS in them, so none of them is told, kept as a cause, or logged.
"""

import logging
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError
from azure.storage.blob import BlobBlock, BlobClient, ContentSettings

from edge_common.blob_place import BlobPlace
from edge_common.errors import LineLost, StorageRefused

for _name in ("azure.core", "azure.storage", "urllib3"):
    # They tell of each request, with its address.
    logging.getLogger(_name).setLevel(logging.ERROR)

CONNECT_S, READ_S = 20.0, 60.0
_LATER = (408, 429, 500, 502, 503, 504)
_CODE = re.compile(r"[A-Za-z]{1,64}")
Given = TypeVar("Given")


class BlockBlob:
    """Used by one thread. No call is tried again by itself: LineLost says that it may be worth it."""

    def __init__(self, place: BlobPlace) -> None:
        self._place = place
        self._client = BlobClient(
            place.account_url,
            place.container,
            place.blob,
            credential=place.sas,
            retry_total=0,
            connection_timeout=CONNECT_S,
            read_timeout=READ_S,
        )

    def blocks(self) -> frozenset[str]:
        """The ids of those that are there, be they part of the blob or not yet; raises StorageRefused, LineLost."""

        def ask() -> frozenset[str]:
            try:
                parts, waiting = self._client.get_block_list("all")
            except ResourceNotFoundError as error:
                if _code(error) == "BlobNotFound":
                    return frozenset()
                raise
            return frozenset(block.id for block in (*parts, *waiting))

        return self._asked(ask)

    def stage(self, block_id: str, data: bytes) -> None:
        """Bring a block; the storage compares its checksum. Raises StorageRefused, LineLost."""
        self._asked(lambda: self._client.stage_block(block_id, data, len(data), validate_content=True))

    def commit(self, block_ids: Sequence[str], content_type: str, md5: bytes) -> None:
        """Have the blob be these blocks, in place of what it was; raises StorageRefused, LineLost."""
        about = ContentSettings(content_type=content_type, content_md5=bytearray(md5))
        blocks = [BlobBlock(block_id) for block_id in block_ids]
        self._asked(lambda: self._client.commit_block_list(blocks, content_settings=about))

    def close(self) -> None:
        self._client.close()

    def _asked(self, call: Callable[[], Given]) -> Given:
        try:
            return call()
        except HttpResponseError as error:
            status, code = error.status_code or 0, _code(error)
        except (AzureError, OSError, ValueError) as error:
            kind = type(getattr(error, "inner_exception", None) or error).__name__
            raise LineLost(f"{self._place.account_url} cannot be reached ({kind})") from None
        if status in _LATER or not status:
            raise LineLost(f"{self._place.account_url} cannot take it now ({status} {code})") from None
        raise StorageRefused(f"{self._place.shown}: {self._why(status, code)} ({status} {code})") from None

    def _why(self, status: int, code: str) -> str:
        ends = self._place.ends
        if status == 403 and ends is not None and ends <= datetime.now(UTC):
            return f"the SAS was good until {ends.isoformat()}, a new one is needed"
        match status, code:
            case 403, "AuthenticationFailed":
                return "the SAS is not accepted: over, not good yet, or of another key; a new one is needed"
            case 403, _:
                return "the SAS does not allow it; one is needed that allows to read, create and write"
            case 404, "ContainerNotFound":
                return f"there is no container '{self._place.container}'"
            case 400, "InvalidBlockList":
                return "blocks that were brought before are gone; ask again to bring them anew"
            case _:
                return "the storage refuses it"


def _code(error: HttpResponseError) -> str:
    """The storage's own word for what is wrong, if it is a word."""
    # What the SDK takes from the answer's header x-ms-error-code, or from its body.
    said = getattr(error, "error_code", None)
    code = str(getattr(said, "value", said))
    return code if _CODE.fullmatch(code) else "no reason"
