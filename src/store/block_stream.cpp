#include "store/block_stream.hpp"

#include <boost/json.hpp>

#include "base/text.hpp"
#include "store/store_error.hpp"

namespace yagura::store {

namespace {

constexpr std::size_t kMostErrorText = 256 << 10;

SelectStats stats_of(std::string_view summary) {
  SelectStats out;
  boost::system::error_code error;
  const auto value = boost::json::parse(summary, error);
  const auto* object = error ? nullptr : value.if_object();
  if (object == nullptr) return out;
  const auto number = [&](std::string_view key) -> std::uint64_t {
    const auto* found = object->if_contains(key);
    if (found == nullptr || !found->is_string()) return 0;
    return parse_uint64(std::string_view(found->get_string())).value_or(0);
  };
  out.rows_read = number("read_rows");
  out.bytes_read = number("read_bytes");
  return out;
}

class HttpBlockStream final : public BlockStream {
 public:
  HttpBlockStream(std::unique_ptr<net::HttpBodyStream> stream, std::vector<event::ColumnSchema> columns, Deadline deadline)
      : stream_(std::move(stream)),
        deadline_(deadline),
        tag_(stream_->head().header("x-clickhouse-exception-tag")),
        stats_(stats_of(stream_->head().header("x-clickhouse-summary"))),
        reader_([this](std::string& buffer) { return more(buffer); }, std::move(columns)) {
    if (!tag_.empty()) mark_ = "__exception__\r\n" + tag_;
  }

  Result<std::optional<event::TableBatch>> next() override {
    if (failed_) return fail(ErrorKind::internal, "the result failed before");
    auto batch = reader_.next();
    if (batch) return batch;
    failed_ = true;
    // Servers before 25.11 write the bare text where the next block would be.
    if (batch.error().kind() == ErrorKind::corrupt && tag_.empty())
      if (auto within = error_within(reader_.unread(), "")) return std::unexpected(std::move(*within));
    return batch;
  }

  const SelectStats& stats() const override { return stats_; }

 private:
  Result<bool> more(std::string& buffer) {
    auto piece = stream_->read(deadline_);
    if (!piece) {
      if (tag_.empty())
        if (auto within = error_within(buffer, "")) return std::unexpected(std::move(*within));
      auto error = std::move(piece.error());
      return std::unexpected(std::move(error.add_context("reading the store's answer")));
    }
    if (piece->empty()) return false;
    if (!tag_.empty()) {
      // The mark may lie across two pieces.
      const std::size_t from = buffer.size() - std::min(buffer.size(), mark_.size());
      buffer += *piece;
      const std::size_t at = buffer.find(mark_, from);
      if (at != std::string::npos) return std::unexpected(read_error(buffer.substr(at)));
      return true;
    }
    buffer += *piece;
    return true;
  }

  Error read_error(std::string text) {
    while (text.size() < kMostErrorText) {
      const auto piece = stream_->read(deadline_);
      if (!piece || piece->empty()) break;  // the server cuts the connection behind it
      text += *piece;
    }
    if (auto within = error_within(text, tag_)) return std::move(*within);
    return error_of(text.substr(std::min(text.size(), mark_.size())), 500);
  }

  std::unique_ptr<net::HttpBodyStream> stream_;
  const Deadline deadline_;
  const std::string tag_;
  std::string mark_;
  const SelectStats stats_;
  NativeReader reader_;
  bool failed_ = false;
};

}  // namespace

Result<std::unique_ptr<BlockStream>> open_block_stream(std::unique_ptr<net::HttpBodyStream> stream, std::vector<event::ColumnSchema> columns,
                                                       Deadline deadline) {
  if (stream->head().status != 200) {
    std::string text;
    while (text.size() < kMostErrorText) {
      const auto piece = stream->read(deadline);
      if (!piece || piece->empty()) break;
      text += *piece;
    }
    return std::unexpected(error_of(text, stream->head().status));
  }
  return std::make_unique<HttpBlockStream>(std::move(stream), std::move(columns), deadline);
}

}  // namespace yagura::store
