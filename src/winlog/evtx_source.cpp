#include "winlog/evtx_source.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <optional>

#include "base/file.hpp"
#include "base/text.hpp"
#include "event/record.hpp"
#include "formats/evtx.hpp"
#include "formats/windows_event.hpp"
#include "formats/xpath_filter.hpp"

namespace yagura::winlog {

namespace {

constexpr std::uint64_t kFileHeader = 4'096;
constexpr std::uint64_t kChunk = 65'536;
constexpr std::uint64_t kMostInChunk = kChunk / 24;  // a record has at least its header

struct ChunkPlace {
  std::uint64_t offset = 0;
  std::uint64_t first = 0, last = 0;  // record numbers, as its header says
};

std::uint64_t number_at(const char* bytes, std::size_t at) {
  std::uint64_t value = 0;
  std::memcpy(&value, bytes + at, sizeof value);
  return value;
}

class EvtxSource final : public EventSource {
 public:
  explicit EvtxSource(EvtxSourceOptions options) : options_(options) {}

  Result<> open(std::string_view channel, std::string_view xpath, std::string_view bookmark) override {
    path_ = channel;
    filter_.reset();
    if (const auto query = trim(xpath); !query.empty() && query != "*") filter_ = TRY(formats::XPathFilter::parse(query));
    last_ = 0;
    if (!bookmark.empty() && bookmark != "end") TRY(read_bookmark(bookmark));
    TRY(open_file_now());
    // The file that the bookmark speaks of is gone or was replaced: its numbers tell whether it is the same log.
    if (bookmark == "end")
      for (const auto& chunk : TRY(scan())) last_ = std::max(last_, chunk.last);
    announce_ = bookmark == "end" && last_ != 0;
    seen_ = {};
    return {};
  }

  Result<EventGroup> next(Deadline) override {
    EventGroup group;
    if (std::exchange(announce_, false)) {
      // Where the end was is to be kept: at the next start it is further on.
      group.bookmark = bookmark();
      return group;
    }
    struct stat here{};
    if (::fstat(fd_.get(), &here) != 0) return fail_errno(errno, "looking at " + path_.string());
    const Look look{here.st_size, here.st_mtim.tv_sec, here.st_mtim.tv_nsec};
    if (look == seen_) {
      // Nothing more in this one: is there another under its name?
      struct stat named{};
      if (::stat(path_.c_str(), &named) != 0 || (named.st_dev == here.st_dev && named.st_ino == here.st_ino)) return group;
      TRY(open_file_now());
      seen_ = {};
      return next({});
    }
    auto chunks = TRY(scan());
    std::uint64_t newest = 0;
    for (const auto& chunk : chunks) newest = std::max(newest, chunk.last);
    if (newest < last_ && newest != 0) {
      // The same log never goes back: it was cleared, and counts from the beginning.
      last_ = 0;
      restarted_ = true;
    }
    std::erase_if(chunks, [this](const ChunkPlace& chunk) { return chunk.last <= last_; });
    if (chunks.empty()) {
      seen_ = look;
      return group;
    }
    const auto& chunk = *std::ranges::min_element(chunks, {}, &ChunkPlace::first);
    const bool more = chunks.size() > 1;
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const bool quiet = now - (std::chrono::seconds(here.st_mtim.tv_sec) + std::chrono::nanoseconds(here.st_mtim.tv_nsec)) > options_.settle;
    // A chunk behind it means that Windows has done with this one.
    if (!TRY(read(chunk, quiet || more, group))) return EventGroup{};  // being written: at the next look
    if (!more && chunk.last <= last_) seen_ = look;
    return group;
  }

  Result<> ack(std::string_view) override { return {}; }

 private:
  struct Look {
    std::int64_t size = -1, seconds = 0, nanoseconds = 0;
    bool operator==(const Look&) const = default;
  };

  Result<> open_file_now() {
    fd_ = TRY(open_file(path_, O_RDONLY | O_NONBLOCK));
    struct stat info{};
    if (::fstat(fd_.get(), &info) != 0) return fail_errno(errno, "looking at " + path_.string());
    if (!S_ISREG(info.st_mode)) return fail(ErrorKind::invalid_input, "{} is no file", path_.string());
    device_ = info.st_dev;
    inode_ = info.st_ino;
    return {};
  }

  std::string bookmark() const { return fmt::format("evtx:{}:{}:{}", device_, inode_, last_); }
  Result<> read_bookmark(std::string_view text) {
    const auto parts = split(text, ':');
    const auto last = parts.size() == 4 && parts[0] == "evtx" ? parse_uint64(parts[3]) : std::nullopt;
    if (!last) return fail(ErrorKind::invalid_input, "'{}' is no bookmark of an EVTX file", text.substr(0, 100));
    last_ = *last;
    return {};
  }

  // The chunks with records, in the order of the file.
  Result<std::vector<ChunkPlace>> scan() {
    std::vector<ChunkPlace> out;
    char header[48];
    for (std::uint64_t offset = kFileHeader;; offset += kChunk) {
      const auto got = ::pread(fd_.get(), header, sizeof header, static_cast<off_t>(offset));
      if (got < 0) return fail_errno(errno, "reading " + path_.string());
      if (got < static_cast<ssize_t>(sizeof header)) break;
      if (std::string_view(header, 8) != std::string_view("ElfChnk\0", 8)) continue;
      const ChunkPlace place{offset, number_at(header, 24), number_at(header, 32)};
      if (place.first == 0 || place.last < place.first || place.last - place.first > kMostInChunk) continue;
      out.push_back(place);
    }
    return out;
  }

  // False: it is being written, and nothing was taken.
  Result<bool> read(const ChunkPlace& place, bool settled, EventGroup& group) {
    buffer_.resize(kChunk);
    const auto got = ::pread(fd_.get(), buffer_.data(), buffer_.size(), static_cast<off_t>(place.offset));
    if (got < 0) return fail_errno(errno, "reading " + path_.string());
    const std::string_view bytes(buffer_.data(), static_cast<std::size_t>(got));
    std::vector<formats::EvtxDamage> damage;
    std::vector<LoggedEvent> events;
    std::uint64_t filtered = 0, scanned = 0, last = last_;
    reader_.visit_numbered(
        bytes, place.offset,
        [&](const formats::EvtxElement& event, std::uint64_t number) {
          // Out of the chunk's own range: remains of something else.
          if (number <= last_ || number < place.first || number > place.last + kMostInChunk) return;
          ++scanned;
          last = std::max(last, number);
          std::string xml = formats::evtx_xml(event);
          if (filter_ && !wanted(xml)) {
            ++filtered;
            return;
          }
          events.push_back({number, std::move(xml)});
        },
        damage);
    if (!damage.empty() && !settled) return false;
    last = std::max(last, place.last);
    const std::uint64_t first = last_ == 0 ? place.first : last_ + 1;
    // What lies between the last record that we have and the oldest that is there was overwritten.
    if (last_ != 0 && place.first > first) group.lost["rollover"] += place.first - first;
    const std::uint64_t expected = last - std::max(first, place.first) + 1;
    if (expected > scanned) group.lost["unreadable"] += expected - scanned;
    group.first = first;
    group.last = last_ = last;
    group.filtered = filtered;
    group.events = std::move(events);
    group.bookmark = bookmark();
    group.restarted = std::exchange(restarted_, false);
    return true;
  }

  bool wanted(const std::string& xml) {
    records_.clear();
    formats::decode_windows_xml({.raw = xml}, records_);
    records_.end_record();
    if (records_.empty()) return true;  // nothing that the query could be asked of: better one too many
    view_.look(records_[0]);
    return filter_->matches(view_, EventTime(ReceiveClock::now().time_since_epoch()));
  }

  const EvtxSourceOptions options_;
  std::filesystem::path path_;
  FileDescriptor fd_;
  std::uint64_t device_ = 0, inode_ = 0;
  std::uint64_t last_ = 0;  // the last record given
  bool restarted_ = false;
  bool announce_ = false;
  Look seen_;  // how the file was when all of it had been given
  std::optional<formats::XPathFilter> filter_;
  formats::EvtxChunkReader reader_;
  formats::WindowsEventView view_;
  event::RecordBatch records_;
  std::string buffer_;
};

}  // namespace

std::unique_ptr<EventSource> make_evtx_source(EvtxSourceOptions options) { return std::make_unique<EvtxSource>(options); }

}  // namespace yagura::winlog
