// An EVTX file for tests, made byte by byte (MS-EVEN6 2.2.12) and growing record by record; see formats/evtx_test.cpp.
#pragma once
#include <cstring>
#include <fstream>
#include <string>
#include <string_view>

namespace yagura::winlog {

class EvtxFixture {
 public:
  explicit EvtxFixture(std::string path, std::uint64_t first = 1, std::size_t most_chunks = 1'000)
      : path_(std::move(path)), next_(first), most_chunks_(most_chunks) {
    std::string header = std::string("ElfFile\0", 8) + le(0, 8) + le(0, 8) + le(1, 8) + le(128, 4) + le(1, 2) + le(3, 2) + le(4'096, 2) + le(1, 2);
    header.resize(4'096);
    header[120] = 1;  // dirty
    std::ofstream(path_, std::ios::binary).write(header.data(), static_cast<std::streamsize>(header.size()));
    begin_chunk();
  }

  // One record, on disk when it returns (or at flush() with `write` false).
  void add(bool write = true, std::uint16_t event_id = 4624) {
    if (bytes_.size() > 64'000) {
      flush();
      place_ = (place_ + 1) % most_chunks_;
      begin_chunk();
    }
    const std::size_t start = bytes_.size();
    bytes_ += std::string("**\0\0", 4) + le(0, 4) + le(next_, 8) + le(133'000'000'000'000'000 + next_, 8);
    bytes_ += std::string("\x0f\x01\x01\x00\x0c\x01", 6) + le(7, 4);
    const bool first = template_ == 0;
    if (first) template_ = bytes_.size() + 4;
    bytes_ += le(template_, 4);
    if (first) add_template();
    const std::string channel = utf16("Security"), computer = utf16("win1");
    bytes_ += le(5, 4);
    const auto value = [&](std::size_t size, int type) { bytes_ += le(size, 2) + le(static_cast<std::uint64_t>(type), 1) + le(0, 1); };
    value(2, 6), value(8, 17), value(8, 10), value(channel.size(), 1), value(computer.size(), 1);
    bytes_ += le(event_id, 2) + le(133'000'000'000'000'000 + next_, 8) + le(next_, 8) + channel + computer + '\0';
    while ((bytes_.size() - start + 4) % 8 != 0) bytes_ += '\0';
    const auto size = bytes_.size() - start + 4;
    bytes_ += le(size, 4);
    bytes_.replace(start + 4, 4, le(size, 4));
    last_ = next_++;
    if (write) flush();
  }
  void flush() { write_page(page()); }
  // The chunk as it is while Windows writes it: the header is there, the last record is not whole.
  void flush_torn() {
    auto torn = page();
    std::memset(torn.data() + bytes_.size() - 40, 0, 40);
    write_page(torn);
  }
  std::uint64_t next() const { return next_; }

 private:
  static std::string le(std::uint64_t value, int size) {
    std::string bytes;
    for (int i = 0; i < size; ++i) bytes += static_cast<char>(value >> (8 * i));
    return bytes;
  }
  static std::string utf16(std::string_view ascii) {
    std::string bytes;
    for (const char c : ascii) bytes += std::string{c, '\0'};
    return bytes;
  }
  static std::uint32_t crc32(std::string_view bytes, std::uint32_t crc = 0) {
    crc = ~crc;
    for (const char byte : bytes) {
      crc ^= static_cast<unsigned char>(byte);
      for (int k = 0; k < 8; ++k) crc = crc & 1 ? 0xEDB88320U ^ (crc >> 1) : crc >> 1;
    }
    return ~crc;
  }
  void begin_chunk() {
    bytes_.assign(512, '\0');
    template_ = 0;
    first_ = next_;
    last_ = next_ - 1;
  }
  std::string page() const {
    std::string header = std::string("ElfChnk\0", 8) + le(first_, 8) + le(last_, 8) + le(first_, 8) + le(last_, 8) + le(128, 4) + le(0, 4) + le(bytes_.size(), 4);
    header += le(crc32(std::string_view(bytes_).substr(512)), 4);
    header.resize(512);
    header.replace(124, 4, le(crc32(std::string_view(header).substr(128), crc32(std::string_view(header).substr(0, 120))), 4));
    std::string out = header + bytes_.substr(512);
    out.resize(65'536);
    return out;
  }
  void write_page(const std::string& page) const {
    std::fstream file(path_, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(4'096 + place_ * 65'536));
    file.write(page.data(), static_cast<std::streamsize>(page.size()));
  }

  void name(std::string_view text) {
    pending_ += le(base_ + pending_.size() + 4, 4);
    pending_ += le(0, 4) + le(0x1234, 2) + le(text.size(), 2) + utf16(text) + le(0, 2);
  }
  void open(std::string_view element, bool attributes = false) {
    pending_ += static_cast<char>(attributes ? 0x41 : 0x01);
    pending_ += le(0xFFFF, 2) + le(0, 4);
    name(element);
    if (attributes) pending_ += le(0, 4);
  }
  void leaf(std::string_view element, std::uint64_t index) {
    open(element);
    pending_ += std::string("\x02\x0e", 2) + le(index, 2) + le(1, 1) + '\x04';
  }
  void add_template() {
    base_ = bytes_.size() + 24;
    pending_ = std::string("\x0f\x01\x01\x00", 4);
    open("Event");
    pending_ += '\x02';
    open("System");
    pending_ += '\x02';
    leaf("EventID", 0);
    open("TimeCreated", true);
    pending_ += '\x06';
    name("SystemTime");
    pending_ += '\x0e' + le(1, 2) + le(17, 1) + '\x03';
    leaf("EventRecordID", 2);
    leaf("Channel", 3);
    leaf("Computer", 4);
    pending_ += std::string("\x04\x04\x00", 3);
    bytes_ += le(0, 4) + std::string(16, 'g') + le(pending_.size(), 4) + pending_;
  }

  const std::string path_;
  std::uint64_t next_, first_ = 1, last_ = 0;
  const std::size_t most_chunks_;
  std::size_t place_ = 0, base_ = 0, template_ = 0;
  std::string bytes_, pending_;
};

}  // namespace yagura::winlog
