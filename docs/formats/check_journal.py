#!/usr/bin/env python3
"""Checks a Yagura journal without Yagura: written from journal.md alone, to be read and to be trusted.

    check_journal.py FOLDER --keys journal.pub                  chain, seals and head of the whole journal
    check_journal.py FOLDER --keys journal.pub --position 42    ... and the SHA-256 of that entry's bytes
    check_journal.py FOLDER --keys journal.pub --anchor 'yagura-head:1:...'

Python 3.9 and the openssl command are enough; --position also needs the zstd command. Checksums (CRC) are not looked
at: the hash chain covers the same bytes and more. Exit code 0: everything holds, 1: something does not.
"""
import argparse
import base64
import hashlib
import pathlib
import struct
import subprocess
import sys
import tempfile

HEADER, BLOCK = 256, 88
ENTRIES, SEAL = 1, 2


class Wrong(Exception):
    pass


def sha256(*parts):
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.digest()


class Head:
    """yagura-head:1:<journal>:<position>:<ticks>:<chain, hex>:<signature, base64url>"""

    def __init__(self, line):
        self.line = line.strip()
        parts = self.line.split(":")
        if len(parts) != 7 or parts[:2] != ["yagura-head", "1"]:
            raise Wrong(f"not a head: {self.line[:80]}")
        self.journal, self.position, self.chain = parts[2], int(parts[3]), bytes.fromhex(parts[5])
        self.signature = base64.urlsafe_b64decode(parts[6] + "=" * (-len(parts[6]) % 4))

    def check_signature(self, keys, where):
        message = self.line.rsplit(":", 1)[0].encode()
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            (folder / "message").write_bytes(message)
            (folder / "signature").write_bytes(self.signature)
            for number, key in enumerate(keys):
                (folder / "key").write_text(key)
                done = subprocess.run(
                    ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", folder / "key", "-rawin",
                     "-in", folder / "message", "-sigfile", folder / "signature"], capture_output=True, check=False)
                if done.returncode == 0:
                    return number
        raise Wrong(f"{where}: the signature for position {self.position} was made by none of the keys")


def pem_blocks(path):
    end = "-----END PUBLIC KEY-----"
    return [block.strip() + "\n" + end + "\n" for block in path.read_text().split(end) if block.strip()]


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def payload_of(content, payload_size, count, index):
    """The index-th payload of a block's content (journal.md, "Content of a block of entries")."""
    at = payload_size
    origins, at = varint(content, at)
    for _ in range(origins):
        at += 1
        for _ in range(3):
            size, at = varint(content, at)
            at += size
    for _ in range(2):  # runs of origins, runs of receive times
        covered = 0
        while covered < count:
            _, at = varint(content, at)
            run, at = varint(content, at)
            covered += run
    separated, at = varint(content, at)
    start = 0
    for i in range(count):
        if i < separated:
            end = content.index(b"\n", start, payload_size)
            following = end + 1
        else:
            size, at = varint(content, at)
            end = following = start + size
        if i == index:
            return content[start:end]
        start = following
    raise Wrong("the block's content has fewer payloads than its header says")


class Journal:
    def __init__(self, folder, keys, wanted):
        self.folder, self.keys, self.wanted = folder, keys, wanted
        self.chain = None
        self.last = 0
        self.points = {}  # chain value -> last position before it
        self.signed = 0
        self.blocks = self.entries = 0

    def walk(self):
        files = sorted(self.folder.glob("*.yjs"))
        headers = [self.header(path) for path in files]
        for i, (path, header) in enumerate(zip(files, headers)):
            following = headers[i + 1] if i + 1 < len(files) else None
            if self.chain is None:
                if header["number"] != 1:
                    print(f"note: begins with segment {header['number']}: what is before it was deleted; see tombstones")
                self.last = header["previous_last"]
            elif header["previous_chain"] != self.chain or header["number"] != headers[i - 1]["number"] + 1:
                raise Wrong(f"{path}: does not follow on the segment before it")
            self.segment(path, header, following)
        print(f"chain: holds over {len(files)} segments, {self.blocks} blocks, {self.entries} entries, "
              f"last position {self.last}")

    def header(self, path):
        with open(path, "rb") as file:
            raw = file.read(HEADER)
        if len(raw) < HEADER or raw[:8] != b"YGRJSEG1":
            raise Wrong(f"{path}: no segment header at byte 0")
        number, first = struct.unpack_from("<QQ", raw, 48)
        previous_last, previous_size = struct.unpack_from("<QQ", raw, 80)
        return {"raw": raw, "number": number, "first": first, "previous_last": previous_last,
                "previous_size": previous_size, "previous_chain": raw[112:144], "seed": raw[32:48]}

    def segment(self, path, header, following):
        data = path.read_bytes()
        end = min(len(data), following["previous_size"]) if following else len(data)
        tag = sha256(header["seed"], struct.pack("<Q", header["first"]))[:8]
        self.chain = sha256(header["previous_chain"], header["raw"])
        self.points[self.chain] = self.last
        at = HEADER
        while at < end:
            head = data[at:at + BLOCK]
            if following is None and (len(head) < BLOCK or self.size_of(head) + at > end):
                print(f"note: {end - at} bytes at the end of {path.name} are no whole block (being written, or torn)")
                return
            if len(head) < BLOCK or head[:4] != b"YBLK" or head[8:16] != tag or self.size_of(head) + at > end:
                raise Wrong(f"{path}: no block at byte {at}")
            after = at + self.size_of(head)
            computed = sha256(self.chain, head[:52], data[at + BLOCK:after])
            if computed != head[52:84]:
                raise Wrong(f"{path}: the chain breaks in the block at bytes {at} to {after - 1}")
            self.block(path, at, head, data[after - struct.unpack_from("<I", head, 36)[0]:after])
            self.chain = computed
            self.points[self.chain] = self.last
            self.blocks += 1
            at = after

    @staticmethod
    def size_of(head):
        stored = struct.unpack_from("<I", head, 36)[0]
        return BLOCK + 4 * ((stored + 4095) // 4096) + stored

    def block(self, path, at, head, stored):
        kind, codec = head[4], head[5]
        first, count, content_size, payload_size = struct.unpack_from("<QIII", head, 16)
        if kind == SEAL:
            seal = Head(stored.decode().split("\n")[1])
            seal.check_signature(self.keys, path)
            if seal.chain != self.chain:
                raise Wrong(f"{path}: the seal at byte {at} speaks of another chain value")
            self.signed = max(self.signed, seal.position)
            return
        if first <= self.last:
            raise Wrong(f"{path}: the block at byte {at} holds position {first} again")
        self.last = first + count - 1
        self.entries += count
        if self.wanted is not None and first <= self.wanted <= self.last:
            if codec == 1:
                stored = subprocess.run(["zstd", "-dcq"], input=stored, capture_output=True, check=True).stdout
            if len(stored) != content_size:
                raise Wrong(f"{path}: the content of the block at byte {at} has another size than its header says")
            payload = payload_of(stored, payload_size, count, self.wanted - first)
            print(f"entry {self.wanted}: {len(payload)} bytes, sha256 {hashlib.sha256(payload).hexdigest()}, "
                  f"in {path.name} at byte {at}")
            self.wanted = None

    def check_head(self, head, what):
        head.check_signature(self.keys, what)
        if head.position and self.points.get(head.chain) != head.position:
            raise Wrong(f"{what}: position {head.position} with that chain value is not in this journal")
        self.signed = max(self.signed, head.position)
        print(f"{what}: signature good, position {head.position} is in the chain")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--keys", type=pathlib.Path, help="public keys (PEM) kept elsewhere; default: those beside it")
    parser.add_argument("--position", type=int)
    parser.add_argument("--anchor", help="a head that was kept elsewhere")
    options = parser.parse_args()
    try:
        # The head before the segments: a running server writes blocks first.
        head_file = options.folder / "head"
        head = Head(head_file.read_text()) if head_file.exists() else None
        journal = Journal(options.folder, pem_blocks(options.keys or options.folder / "public_keys.pem"),
                          options.position)
        journal.walk()
        if head:
            journal.check_head(head, "head file")
        if options.anchor:
            journal.check_head(Head(options.anchor), "anchored head")
        if journal.wanted is not None:
            raise Wrong(f"position {journal.wanted} is not in this journal")
        print(f"signed up to position {journal.signed}")
    except (Wrong, OSError, ValueError, IndexError, struct.error, subprocess.CalledProcessError) as error:
        print(f"WRONG: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
