#include "cloud/object_stream.hpp"

#include <zlib.h>
#include <zstd.h>

namespace yagura::cloud {

namespace {

constexpr std::size_t kPiece = 256UL << 10U;
constexpr std::uint64_t kFreely = 64UL << 20U;
constexpr std::uint64_t kSlack = 64UL << 10U;

}  // namespace

class ObjectStream::Decoder {
 public:
  virtual ~Decoder() = default;
  // Takes from `input`, appends to `output` (at most about kPiece); stops when the input is used up.
  virtual Result<> decode(std::string_view& input, std::string& output) = 0;
  // Whether the data may end here.
  virtual bool may_end() const = 0;
  // There is more to give out, also without input.
  bool pending() const { return pending_; }

 protected:
  bool pending_ = false;
};

class ObjectStream::Gzip final : public Decoder {
 public:
  Gzip() { ready_ = ::inflateInit2(&stream_, 16 + MAX_WBITS) == Z_OK; }
  ~Gzip() override { ::inflateEnd(&stream_); }
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;

  Result<> decode(std::string_view& input, std::string& output) override {
    if (!ready_) return fail(ErrorKind::exhausted, "no memory for decompression");
    while ((!input.empty() || pending_) && output.size() < kPiece) {
      if (between_ && !input.empty() && static_cast<unsigned char>(input.front()) != 0x1F) {
        // Zeros behind the last member are padding; anything else is no gzip.
        if (input.front() != '\0') return fail(ErrorKind::corrupt, "there is something behind the end of the gzip data");
        input.remove_prefix(1);
        continue;
      }
      between_ = false;
      const std::size_t before = output.size();
      output.resize_and_overwrite(kPiece, [](char*, std::size_t size) { return size; });  // without zeroing
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));  // NOLINT: zlib's interface, it does not write there
      stream_.avail_in = static_cast<uInt>(std::min<std::size_t>(input.size(), 1UL << 30U));
      stream_.next_out = reinterpret_cast<Bytef*>(output.data() + before);
      stream_.avail_out = static_cast<uInt>(output.size() - before);
      const uInt given = stream_.avail_in;
      const int code = ::inflate(&stream_, Z_NO_FLUSH);
      input.remove_prefix(given - stream_.avail_in);
      pending_ = stream_.avail_out == 0 && code == Z_OK;
      output.resize(output.size() - stream_.avail_out);
      if (code == Z_STREAM_END) {
        ::inflateReset(&stream_);
        between_ = true;
      } else if (code != Z_OK && code != Z_BUF_ERROR) {
        return fail(ErrorKind::corrupt, "the gzip data is broken: {}", stream_.msg != nullptr ? stream_.msg : "no valid data");
      }
    }
    return {};
  }
  bool may_end() const override { return between_; }

 private:
  z_stream stream_{};
  bool ready_ = false, between_ = false;
};

class ObjectStream::Zstd final : public Decoder {
 public:
  Zstd() : context_(::ZSTD_createDCtx(), &::ZSTD_freeDCtx) { ::ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, 27); }

  Result<> decode(std::string_view& input, std::string& output) override {
    while ((!input.empty() || pending_) && output.size() < kPiece) {
      const std::size_t before = output.size();
      output.resize_and_overwrite(kPiece, [](char*, std::size_t size) { return size; });  // without zeroing
      ZSTD_inBuffer in{input.data(), input.size(), 0};
      ZSTD_outBuffer out{output.data() + before, output.size() - before, 0};
      const std::size_t code = ::ZSTD_decompressStream(context_.get(), &out, &in);
      input.remove_prefix(in.pos);
      // 0: the frame has ended and all of it is out. To ask on would begin a next one, which then seems cut short.
      pending_ = code != 0 && out.pos == out.size;
      output.resize(before + out.pos);
      if (::ZSTD_isError(code) != 0U) return fail(ErrorKind::corrupt, "the zstd data is broken: {}", ::ZSTD_getErrorName(code));
      whole_ = code == 0;
    }
    return {};
  }
  bool may_end() const override { return whole_; }

 private:
  std::unique_ptr<ZSTD_DCtx, decltype(&::ZSTD_freeDCtx)> context_;
  bool whole_ = false;
};

ObjectStream::ObjectStream(std::unique_ptr<net::HttpBodyStream> body, ObjectStreamLimits limits) : body_(std::move(body)), limits_(limits) {}
ObjectStream::~ObjectStream() = default;

Result<> ObjectStream::take(Deadline deadline) {
  input_ = TRY(body_->read(deadline));
  received_ += input_.size();
  ended_ = input_.empty();
  return {};
}

Result<std::string_view> ObjectStream::read(Deadline deadline) {
  if (!known_) {
    while (begin_.size() < 4 && !ended_) {
      TRY(take(deadline));
      begin_ += input_;
    }
    known_ = true;
    input_ = begin_;
    ended_ = begin_.empty();
    if (begin_.starts_with("\x1F\x8B")) decoder_ = std::make_unique<Gzip>();
    else if (begin_.starts_with("\x28\xB5\x2F\xFD")) decoder_ = std::make_unique<Zstd>();
  }
  while (true) {
    output_.clear();
    const bool pending = decoder_ && decoder_->pending();
    if (input_.empty() && !ended_ && !pending) TRY(take(deadline));
    if (!decoder_) {
      output_.assign(input_);
      input_ = {};
    } else if (!input_.empty() || pending) {
      TRY(decoder_->decode(input_, output_));
    }
    content_ += output_.size();
    if (content_ > limits_.most.count()) return fail(ErrorKind::exhausted, "the object unfolds to more than {}", to_string(limits_.most));
    if (content_ > kFreely && content_ / limits_.most_ratio > received_ + kSlack)
      return fail(ErrorKind::exhausted, "the object unfolds {} times: a decompression bomb", content_ / std::max<std::uint64_t>(1, received_));
    if (!output_.empty()) return std::string_view(output_);
    if (ended_ && !(decoder_ && decoder_->pending())) {
      if (decoder_ && !decoder_->may_end()) return fail(ErrorKind::corrupt, "the compressed data is cut short");
      return std::string_view();
    }
  }
}

}  // namespace yagura::cloud
