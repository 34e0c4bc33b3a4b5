"""Where a SAS URL leads: account, container, blob, and what may be shown of it. Pure.

The SAS, which is all that follows the `?`, is a secret: whoever has it may do what it allows. No error tells it.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from ipaddress import ip_address
from urllib.parse import parse_qs, quote, unquote, urlsplit

from edge_common.errors import InvalidInput

_RIGHTS = {"r": "read", "w": "write"}
"""What an upload needs: to ask which blocks are there, and to put more of them."""


@dataclass(frozen=True)
class BlobPlace:
    """A block blob, or a container when `blob` is empty."""

    account_url: str
    """Scheme, host and port; with the account's name where that stands in the path."""
    container: str
    blob: str
    sas: str
    ends: datetime | None
    """From when on the SAS is refused, where it says so itself."""

    @property
    def shown(self) -> str:
        """The address without the SAS: nobody can do anything with it alone."""
        blob = f"/{quote(self.blob)}" if self.blob else ""
        return f"{self.account_url}/{self.container}{blob}"

    def within(self, name: str) -> "BlobPlace":
        """The blob of that name in a container; a blob is itself."""
        return self if self.blob else replace(self, blob=name)


def parse_sas_url(url: str) -> BlobPlace:
    """Raises InvalidInput that says what is missing, in words that hold nothing of what follows the `?`."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise InvalidInput("a SAS URL: a web address expected, got something else") from None
    if parts.scheme not in ("http", "https") or not host or parts.username is not None or parts.fragment:
        raise InvalidInput(
            "a SAS URL: https://HOST/CONTAINER or https://HOST/CONTAINER/BLOB with a SAS behind its ? expected"
        )
    query = {key: values[0] for key, values in parse_qs(parts.query).items()}
    missing = [key for key in ("sig", "sr") if key not in query]
    if missing:
        raise InvalidInput(
            f"a SAS URL: a SAS of a container or a blob expected behind the ?, there is no {missing[0]}="
        )
    kind = query["sr"]
    if kind not in ("b", "c"):
        raise InvalidInput(f"a SAS URL: a SAS of a blob (sr=b) or a container (sr=c) expected, got sr={kind[:8]}")
    rights = query.get("sp", "rw")
    if lacking := [name for letter, name in _RIGHTS.items() if letter not in rights]:
        raise InvalidInput(f"a SAS URL: a SAS that allows to {' and '.join(lacking)} expected, got sp={rights[:16]}")
    names = [unquote(name) for name in parts.path.strip("/").split("/")]
    account = [names.pop(0)] if _account_in_path(host) else []
    if len(names) < (1 if kind == "c" else 2) or (kind == "c" and len(names) > 1) or not all(names):
        raise InvalidInput(
            f"a SAS URL: the address of a {'container' if kind == 'c' else 'blob'} expected for sr={kind}"
        )
    where = f"[{host}]" if ":" in host else host
    account_url = "/".join([f"{parts.scheme}://{where}{f':{port}' if port else ''}", *account])
    return BlobPlace(account_url, names[0], "/".join(names[1:]), parts.query, _time(query.get("se")))


def _account_in_path(host: str) -> bool:
    """As in emulators and in Blob Storage on IoT Edge, which have no name for each account."""
    try:
        ip_address(host)
    except ValueError:
        return "." not in host
    return True


def _time(text: str | None) -> datetime | None:
    try:
        ends = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return ends if ends.tzinfo else ends.replace(tzinfo=UTC)
