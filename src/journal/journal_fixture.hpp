// What this room's tests share: a journal in a temporary folder, entries to put in, and raw files to damage.
#pragma once
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "base/file.hpp"
#include "base/log.hpp"
#include "journal/sample_lines.hpp"
#include "journal/segment_scan.hpp"
#include "journal/writer.hpp"

namespace yagura::journal {

struct Written {
  Position position;
  std::string payload;
};

class JournalTest : public ::testing::Test {
 protected:
  JournalTest() {
    set_log(LogLevel::error, LogFormat::text);
    options.folder = temporary.path() / "journal";
    options.signing_key = temporary.path() / "keys" / "journal.pem";
    options.segment_size = 64_KiB;
    options.block_size = 8_KiB;
    options.commit_interval = 1ms;
    options.min_free = 0_B;
    options.retry_interval = 5ms;
  }

  std::unique_ptr<Writer> open() {
    auto writer = Writer::open(options);
    EXPECT_TRUE(writer) << (writer ? "" : writer.error().message());
    return writer ? std::move(*writer) : nullptr;
  }

  static EntryView view(std::string_view payload) {
    EntryView entry;
    entry.source = "syslog-tcp";
    entry.peer = "192.0.2.1:514";
    entry.hint = "syslog";
    entry.received_at = receive_time(17'000'000'000'000'000);
    entry.payload = payload;
    return entry;
  }

  // Appends `count` lines in batches of `batch`, each batch durable before the next so that there are many blocks.
  std::vector<Written> append_lines(Writer& writer, std::size_t count, std::size_t batch = 20) {
    std::vector<Written> written;
    for (std::size_t done = 0; done < count; done += batch) {
      std::vector<std::string> lines;
      std::vector<EntryView> views;
      for (std::size_t i = 0; i < std::min(batch, count - done); ++i) lines.push_back(sample.next());
      for (const std::string& line : lines) views.push_back(view(line));
      const auto last = writer.append(views, Deadline::in(5s));
      EXPECT_TRUE(last) << last.error().message();
      EXPECT_TRUE(writer.wait_durable(*last, Deadline::in(5s)));
      for (std::size_t i = 0; i < lines.size(); ++i)
        written.push_back({Position(last->number() - lines.size() + 1 + i), std::move(lines[i])});
    }
    return written;
  }

  // A closed journal of several segments.
  std::vector<Written> make_journal(std::size_t lines = 4000) {
    auto writer = open();
    auto written = append_lines(*writer, lines);
    EXPECT_TRUE(writer->close(Deadline::in(5s)));
    return written;
  }

  std::vector<SegmentFile> segments() const { return list_segments(options.folder).value(); }

  static std::string bytes_of(const std::filesystem::path& path) { return read_file(path).value(); }
  static void put_bytes(const std::filesystem::path& path, std::string_view bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  // Offsets of all blocks in a segment, and its end.
  static std::vector<std::uint64_t> block_offsets(const SegmentFile& file) {
    const auto segment = open_segment(open_source(file.path).value(), file.first, std::nullopt).value();
    SegmentCursor cursor(segment.source, segment.tag);
    std::vector<std::uint64_t> offsets;
    while (true) {
      const auto step = cursor.next().value();
      offsets.push_back(step.offset);
      if (step.kind != SegmentStep::Kind::block) return offsets;
    }
  }

  // Every entry that a reader of the folder gets.
  std::map<Position, std::string> read_all(TailStats* stats = nullptr) const {
    std::map<Position, std::string> all;
    const auto tail = open_tail(options.folder, Position(1)).value();
    while (true) {
      const auto block = tail->next(Deadline::in(0ms));
      EXPECT_TRUE(block) << block.error().message();
      if (!block || !*block) break;
      for (const Entry& entry : (*block)->entries()) {
        EXPECT_FALSE(all.contains(entry.position)) << entry.position.number() << " twice";
        all[entry.position] = entry.payload;
      }
    }
    if (stats != nullptr) *stats = tail->stats();
    return all;
  }

  TemporaryDirectory temporary;
  WriterOptions options;
  // YAGURA_TEST_SEED tries other random places.
  SampleLines sample{
      std::getenv("YAGURA_TEST_SEED") != nullptr ? std::strtoull(std::getenv("YAGURA_TEST_SEED"), nullptr, 10) : 11};
};

inline void expect_same(const std::vector<Written>& written, const std::map<Position, std::string>& read) {
  EXPECT_EQ(written.size(), read.size());
  for (const Written& entry : written) {
    const auto found = read.find(entry.position);
    ASSERT_NE(found, read.end()) << "entry " << entry.position.number() << " is missing";
    ASSERT_EQ(found->second, entry.payload) << entry.position.number();
  }
}

}  // namespace yagura::journal
