"""Corrupt files that declare their own size: the headers of arrays and of safetensors, the members of archives."""

from __future__ import annotations

import io
import json
import random
import struct
import zipfile

from .mutate import NUMBERS, corrupt_bytes, corrupt_json, dumped

DTYPES = ("|u1", "<i4", ">i8", "<f8", "|O", "|S1000000000", "<U7", "|b1", "<c16", "<M8[s]", "|V8", "<i1000", "x", "\0")


def corrupted_npy(rng: random.Random, data: bytes) -> bytes:
    """An array with another header, or other numbers in it."""
    if rng.random() < 0.5 or data[:6] != b"\x93NUMPY":
        return corrupt_bytes(rng, data)
    length = struct.unpack("<H", data[8:10])[0]
    header, body = data[10 : 10 + length].decode("latin-1"), data[10 + length :]
    change = rng.randrange(5)
    if change == 0 and "(" in header and ")" in header:
        start, end = header.index("(") + 1, header.index(")")
        sizes = [str(rng.choice((*NUMBERS, -1))) for _ in range(rng.choice((0, 1, 2, 2, 3, 70)))]
        header = header[:start] + ", ".join([*sizes, ""]) + header[end:]
    elif change == 1 and "'descr': " in header:
        old = header.split("'descr': ")[1].split(",")[0]
        header = header.replace(old, repr(rng.choice(DTYPES)))
    elif change == 2:
        header = header.replace("False", rng.choice(("True", "None", "1", "[]" * 50)))
    elif change == 3:
        header = corrupt_bytes(rng, header.encode("latin-1")).decode("latin-1")
    else:
        body = bytes(rng.choice((0, 1, 5, 255, rng.randrange(256))) for _ in body) if len(body) < 4096 else body
    encoded = header.encode("latin-1")[: 2**16 - 1]
    return data[:8] + struct.pack("<H", len(encoded)) + encoded + body


def corrupted_safetensors(rng: random.Random, data: bytes) -> bytes:
    """Tensors with another header, or other numbers in them."""
    if rng.random() < 0.4 or len(data) < 8:
        return corrupt_bytes(rng, data)
    length = struct.unpack("<Q", data[:8])[0]
    try:
        header = json.loads(data[8 : 8 + length])
    except (ValueError, RecursionError):
        return corrupt_bytes(rng, data)
    metadata = header.get("__metadata__") if isinstance(header, dict) else None
    name = rng.choice(sorted(metadata)) if isinstance(metadata, dict) and metadata else None
    if name is not None and isinstance(metadata, dict) and rng.random() < 0.7:
        metadata[name] = dumped(corrupt_json(rng, json.loads(metadata[name]))).decode()
        text = json.dumps(header).encode()
    else:
        text = dumped(corrupt_json(rng, header))
    text += b" " * (-len(text) % 8)
    size = rng.choice(NUMBERS) % 2**64 if rng.random() < 0.1 else len(text)
    return struct.pack("<Q", size) + text + data[8 + length :]


def corrupted_archive(rng: random.Random, data: bytes) -> bytes:
    """An archive with one of its members corrupted, renamed, packed, doubled or gone."""
    if rng.random() < 0.3 or not zipfile.is_zipfile(io.BytesIO(data)):
        return corrupt_bytes(rng, data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    packing = zipfile.ZIP_STORED
    chosen = rng.randrange(len(members))
    if rng.random() < 0.7:  # the list of tensors is where the meaning is
        chosen = next((place for place, (name, _) in enumerate(members) if name.endswith(".pkl")), chosen)
    name, content = members[chosen]
    change = rng.randrange(8)
    if change < 5:
        members[chosen] = name, corrupt_bytes(rng, content, [other for _, other in members])
    elif change == 5:
        members[chosen] = rng.choice(("../x", "/x", "archive/data/99", "")), content
    elif change == 6:
        packing = rng.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA))
    else:
        members = [*members, members[chosen]] if rng.random() < 0.5 else members[:chosen] + members[chosen + 1 :]
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", packing) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name or "x"), content, packing)
    return output.getvalue()
