#include "flow/cut_log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/hash.hpp"

namespace yagura::flow {

namespace {

constexpr std::size_t kSlotSize = 4096;
constexpr std::string_view kMagic = "YGCUT001";

// magic[8] generation[8] done[8] first[8] last[8] crc32c[4], little-endian
constexpr std::size_t kUsed = 44;

void put_u64(char* to, std::uint64_t value) { std::memcpy(to, &value, 8); }
std::uint64_t get_u64(const char* from) {
  std::uint64_t value = 0;
  std::memcpy(&value, from, 8);
  return value;
}

}  // namespace

Result<CutLog> CutLog::open(const std::filesystem::path& path) {
  auto file = TRY(open_file(path, O_RDWR | O_CREAT, 0640));
  std::array<char, 2 * kSlotSize> slots{};
  const ssize_t size = ::pread(file.get(), slots.data(), slots.size(), 0);
  if (size < 0) return fail_errno(errno, "reading " + path.string());
  State newest;
  bool found = false;
  for (std::size_t slot = 0; slot < 2; ++slot) {
    const char* at = slots.data() + slot * kSlotSize;
    if (static_cast<std::size_t>(size) < slot * kSlotSize + kUsed || std::string_view(at, 8) != kMagic) continue;
    std::uint32_t crc = 0;
    std::memcpy(&crc, at + 40, 4);
    if (crc != crc32c({at, 40})) continue;
    const State state{get_u64(at + 8), Position(get_u64(at + 16)), {Position(get_u64(at + 24)), Position(get_u64(at + 32))}};
    if (!found || state.generation > newest.generation) newest = state;
    found = true;
  }
  if (!found && size > 0)
    return fail(ErrorKind::corrupt,
                "{}: both slots are damaged, so it is unknown how far the journal has been stored; restore the file, or remove it "
                "to store the whole journal again (rows already there within the store's deduplication window are dropped)",
                path.string());
  CutLog log(std::move(file), newest);
  if (!found) {
    TRY(log.write(), "writing {}", path.string());
    TRY(fsync_directory(path.parent_path().empty() ? "." : path.parent_path()));
  }
  return log;
}

std::optional<CutRange> CutLog::unfinished() const {
  if (state_.planned.last.number() <= state_.done.number()) return std::nullopt;
  return state_.planned;
}

Result<> CutLog::write() {
  ++state_.generation;
  std::array<char, kSlotSize> slot{};
  std::memcpy(slot.data(), kMagic.data(), 8);
  put_u64(slot.data() + 8, state_.generation);
  put_u64(slot.data() + 16, state_.done.number());
  put_u64(slot.data() + 24, state_.planned.first.number());
  put_u64(slot.data() + 32, state_.planned.last.number());
  const std::uint32_t crc = crc32c({slot.data(), 40});
  std::memcpy(slot.data() + 40, &crc, 4);
  const auto offset = static_cast<off_t>(state_.generation % 2 * kSlotSize);
  if (::pwrite(file_.get(), slot.data(), slot.size(), offset) != static_cast<ssize_t>(slot.size()))
    return fail_errno(errno, "writing the cut log");
  if (::fdatasync(file_.get()) != 0) return fail_errno(errno, "syncing the cut log");
  return {};
}

Result<> CutLog::plan(CutRange cut) {
  const State before = state_;
  state_.planned = cut;
  auto written = write();
  if (!written) state_ = {state_.generation, before.done, before.planned};
  return written;
}

Result<> CutLog::finish(bool durable) {
  state_.done = std::max(state_.done, state_.planned.last);
  if (durable) return write();
  return {};
}

}  // namespace yagura::flow
