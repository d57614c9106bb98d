// The content of an object as it comes over the network: plain, gzip (any number of members) or zstd, told by its first bytes.
//
// Holds one piece of each side at a time, whatever the object's size. One thread. Errors: corrupt when the compressed data is
// cut short or broken, exhausted when it unfolds beyond the limits (a bomb), else the transport's.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "net/http_client.hpp"

namespace yagura::cloud {

struct ObjectStreamLimits {
  Bytes most = 64_GiB;            // of content
  std::uint64_t most_ratio = 2000;  // of content to compressed bytes, once the content is above 64 MiB; deflate reaches 1,032
};

class ObjectStream {
 public:
  explicit ObjectStream(std::unique_ptr<net::HttpBodyStream> body, ObjectStreamLimits limits = {});
  ~ObjectStream();
  // The next piece, "" at the end. Good until the next call.
  Result<std::string_view> read(Deadline deadline);
  std::uint64_t received() const { return received_; }    // bytes over the network
  std::uint64_t content() const { return content_; }      // bytes given out

 private:
  class Decoder;
  class Gzip;
  class Zstd;
  Result<> take(Deadline deadline);

  std::unique_ptr<net::HttpBodyStream> body_;
  const ObjectStreamLimits limits_;
  std::unique_ptr<Decoder> decoder_;
  std::string begin_;      // before the kind is known
  std::string_view input_;
  std::string output_;
  bool known_ = false, ended_ = false;
  std::uint64_t received_ = 0, content_ = 0;
};

}  // namespace yagura::cloud
