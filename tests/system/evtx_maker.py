"""EVTX files made byte by byte (MS-EVEN6 2.2.12), growing as Windows lets them grow: records are added to the last chunk until it
is full, then a new chunk is begun; a log of bounded size writes over its oldest chunk."""
import struct
import zlib

CHUNK = 65536
FILETIME = 133_700_000_000_000_000  # 2024-09-05


def utf16(text):
    return text.encode("utf-16-le")


class Chunk:
    def __init__(self, first):
        self.bytes, self.template, self.first, self.last = bytearray(512), 0, first, first - 1

    def add(self, number, message, computer, channel):
        start = len(self.bytes)
        out = bytearray(b"**\0\0" + struct.pack("<IQQ", 0, number, FILETIME + number * 10_000_000))
        out += b"\x0f\x01\x01\x00\x0c\x01" + struct.pack("<I", 7)
        base = start + len(out) + 4
        if self.template == 0:
            self.template = base
            out += struct.pack("<I", base) + self._template(base)
        else:
            out += struct.pack("<I", self.template)
        values = [(6, struct.pack("<H", 4624)), (17, struct.pack("<Q", FILETIME + number * 10_000_000)), (10, struct.pack("<Q", number)),
                  (1, utf16(channel)), (1, utf16(computer)), (1, utf16(message))]
        out += struct.pack("<I", len(values))
        for kind, value in values:
            out += struct.pack("<HBB", len(value), kind, 0)
        for _, value in values:
            out += value
        out += b"\0"
        out += b"\0" * (-(len(out) + 4) % 8)
        size = len(out) + 4
        out[4:8] = struct.pack("<I", size)
        out += struct.pack("<I", size)
        if start + len(out) > CHUNK:
            return False
        self.bytes += out
        self.last = number
        return True

    @staticmethod
    def _template(at):
        base, out = at + 24, bytearray(b"\x0f\x01\x01\x00")

        def name(text):
            nonlocal out
            out += struct.pack("<I", base + len(out) + 4)
            out += struct.pack("<IHH", 0, 0x1234, len(text)) + utf16(text) + b"\0\0"

        def begin(element, attributes=False):
            nonlocal out
            out += (b"\x41" if attributes else b"\x01") + struct.pack("<HI", 0xFFFF, 0)
            name(element)
            if attributes:
                out += struct.pack("<I", 0)

        def leaf(element, index):
            nonlocal out
            begin(element)
            out += b"\x02\x0e" + struct.pack("<HB", index, 1) + b"\x04"

        begin("Event")
        out += b"\x02"
        begin("System")
        out += b"\x02"
        begin("Provider", True)
        out += b"\x06"
        name("Name")
        out += b"\x05\x01" + struct.pack("<H", 4) + utf16("Test") + b"\x03"
        leaf("EventID", 0)
        begin("TimeCreated", True)
        out += b"\x06"
        name("SystemTime")
        out += b"\x0e" + struct.pack("<HB", 1, 17) + b"\x03"
        leaf("EventRecordID", 2)
        leaf("Channel", 3)
        leaf("Computer", 4)
        out += b"\x04"
        begin("EventData")
        out += b"\x02"
        begin("Data", True)
        out += b"\x06"
        name("Name")
        out += b"\x05\x01" + struct.pack("<H", 7) + utf16("Message") + b"\x02\x0e" + struct.pack("<HB", 5, 1) + b"\x04"
        out += b"\x04\x04\x00"
        return struct.pack("<I", 0) + b"g" * 16 + struct.pack("<I", len(out)) + bytes(out)

    def page(self):
        header = bytearray(b"ElfChnk\0" + struct.pack("<QQQQIII", self.first, self.last, self.first, self.last, 128, 0, len(self.bytes)))
        header += struct.pack("<I", zlib.crc32(bytes(self.bytes[512:])))
        header += bytes(512 - len(header))
        header[124:128] = struct.pack("<I", zlib.crc32(bytes(header[128:]), zlib.crc32(bytes(header[:120]))))
        return bytes(header) + bytes(self.bytes[512:]) + bytes(CHUNK - len(self.bytes))


class GrowingLog:
    """A log on disk; add() writes one record, as Windows would have it on disk a moment later. Its header stays dirty."""

    def __init__(self, path, computer="win1.example", channel="Security", max_chunks=1000, first=1):
        self.path, self.computer, self.channel, self.max_chunks = path, computer, channel, max_chunks
        self.next, self.place, self.chunk = first, 0, Chunk(first)
        header = bytearray(b"ElfFile\0" + struct.pack("<QQQIHHHH", 0, 0, 1, 128, 1, 3, 4096, 1))
        header += bytes(4096 - len(header))
        header[120:124] = struct.pack("<I", 1)  # dirty
        header[124:128] = struct.pack("<I", zlib.crc32(bytes(header[:120])))
        self.file = open(path, "wb")
        self.file.write(bytes(header))

    def add(self, message):
        if not self.chunk.add(self.next, message, self.computer, self.channel):
            self.flush()
            self.place = (self.place + 1) % self.max_chunks
            self.chunk = Chunk(self.next)
            assert self.chunk.add(self.next, message, self.computer, self.channel)
        self.next += 1

    def flush(self):
        self.file.seek(4096 + self.place * CHUNK)
        self.file.write(self.chunk.page())
        self.file.flush()
