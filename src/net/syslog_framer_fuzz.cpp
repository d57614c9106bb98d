// Law: the frames do not depend on how the stream is cut into reads; none is empty or too long; bytes that are not
// framing come out in order.
#include <cstdlib>
#include <string>
#include <vector>

#include "net/syslog_framer.hpp"

using namespace yagura;
using namespace yagura::net;

namespace {
struct Frames {
  std::string bytes;
  std::vector<std::pair<std::size_t, FrameKind>> cuts;
  bool operator==(const Frames&) const = default;
};

void require(bool truth) {
  if (!truth) std::abort();
}

Frames frames_of(std::string_view stream, Bytes max, std::size_t read_size, std::uint8_t jitter) {
  SyslogFramer framer(max);
  Frames out;
  std::string buffer;
  const auto take = [&](bool at_end) {
    std::string_view input = buffer;
    while (auto frame = at_end ? framer.finish(input) : framer.next(input)) {
      require(!frame->bytes.empty() && frame->bytes.size() <= max.count());
      out.bytes += frame->bytes;
      out.cuts.emplace_back(frame->bytes.size(), frame->kind);
    }
    buffer.erase(0, buffer.size() - input.size());
  };
  while (!stream.empty()) {
    const std::size_t size = std::min(stream.size(), read_size + (jitter == 0 ? 0 : stream.size() % jitter));
    buffer.append(stream.substr(0, size));
    stream.remove_prefix(size);
    take(false);
    require(buffer.size() <= framer.room_needed());
  }
  take(true);
  require(buffer.empty());
  return out;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const Bytes max(1 + data[0]);
  const std::size_t read_size = 1 + data[1] % 16;
  const std::uint8_t jitter = data[2] % 32;
  const std::string_view stream(reinterpret_cast<const char*>(data) + 3, size - 3);
  const Frames whole = frames_of(stream, max, stream.size() + 1, 0);
  require(frames_of(stream, max, read_size, jitter) == whole);
  require(frames_of(stream, max, 1, 0) == whole);
  std::size_t at = 0;  // every byte given out stands in the stream, in this order
  for (const char c : whole.bytes) {
    at = stream.find(c, at);
    require(at != std::string_view::npos);
    ++at;
  }
  return 0;
}
