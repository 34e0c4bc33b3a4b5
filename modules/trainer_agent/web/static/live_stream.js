// The parts of the live stream: uint32 length and JSON, uint32 length and JPEG, big-endian.

const LENGTH = 4;

/** Read an answer to its end and call `show` with the newest whole part whenever it is ready for one. */
export async function readParts(response, show) {
  const reader = response.body.getReader();
  let waiting = new Uint8Array(0);
  let models = [];
  for (;;) {
    const { value, done } = await reader.read();
    if (done) {
      return;
    }
    waiting = joined(waiting, value);
    let newest = null;
    for (let part = firstPart(waiting); part !== null; part = firstPart(waiting)) {
      newest = part;
      // They come with the first part, and again when they change.
      models = part.facts.models ??= models;
      waiting = waiting.subarray(part.length);
    }
    if (newest !== null) {
      await show(newest.facts, newest.jpeg);
    }
  }
}

function joined(first, second) {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

function firstPart(bytes) {
  const json = piece(bytes, 0);
  const jpeg = json && piece(bytes, json.end);
  if (!jpeg) {
    return null;
  }
  return { facts: JSON.parse(new TextDecoder().decode(json.data)), jpeg: jpeg.data.slice(), length: jpeg.end };
}

function piece(bytes, start) {
  const data = start + LENGTH;
  if (bytes.length < data) {
    return null;
  }
  const end = data + new DataView(bytes.buffer, bytes.byteOffset + start, LENGTH).getUint32(0);
  return bytes.length < end ? null : { data: bytes.subarray(data, end), end };
}
