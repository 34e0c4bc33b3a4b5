"""A state as bytes and back, so that a restart neither forgets that it was alerting nor alerts twice."""

import json
from typing import Any, NamedTuple

from pydantic import ConfigDict, TypeAdapter, ValidationError

from edge_common.errors import CodecError
from edge_common.json_fields import json_object
from edge_common.setting_groups import problem_of
from edge_common.skills.program import Program, Standing, State

VERSION = 1
_FINITE = ConfigDict(allow_inf_nan=False)


class _Kept(NamedTuple):
    """A state but for its memories, which are of other types in each chain."""

    chain: str
    begun: bool
    time_s: float
    shift_s: float
    known_s: float
    standings: tuple[Standing, ...]


def encode_state(state: State) -> bytes:
    """The state as UTF-8 JSON."""
    kept = _Kept(state.chain, state.begun, state.time_s, state.shift_s, state.known_s, state.standings)
    body = {"version": VERSION, "memories": state.memories, **kept._asdict()}
    return json.dumps(body, separators=(",", ":")).encode()


def decode_state(program: Program, data: bytes) -> State:
    """The state in UTF-8 JSON; raises CodecError that names the field, or when it is of another chain.

    What actions wait for may be other conditions than before: new ones count as never raised.
    """
    body = json_object("state", data, VERSION)
    memories = body.pop("memories", None)
    kept = _parsed("state", _Kept, {key: value for key, value in body.items() if key != "version"})
    if kept.chain != program.start.chain:
        raise CodecError(f"chain: {program.start.chain[:12]} expected, got {kept.chain[:12]!r}")
    if not isinstance(memories, list) or len(memories) != len(program.start.memories):
        raise CodecError(f"memories: a list of {len(program.start.memories)} expected, got {str(memories)[:40]!r}")
    standings = {one.step: one for one in kept.standings}
    return State(
        chain=kept.chain,
        begun=kept.begun,
        time_s=kept.time_s,
        shift_s=kept.shift_s,
        known_s=kept.known_s,
        memories=tuple(
            _parsed(f"memories.{place}", type(start), memory)
            for place, (start, memory) in enumerate(zip(program.start.memories, memories, strict=True))
        ),
        standings=tuple(standings.get(one.step, one) for one in program.start.standings),
    )


def _parsed(where: str, kind: type[Any], value: object) -> Any:  # noqa: ANN401
    try:
        return TypeAdapter(kind, config=_FINITE).validate_python(value)
    except ValidationError as error:
        raise CodecError("; ".join(f"{where}.{problem_of(dict(item))}" for item in error.errors()[:3])) from error
