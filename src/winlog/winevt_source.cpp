#include "winlog/winevt_source.hpp"

namespace yagura::winlog {

namespace {

constexpr std::size_t kMost = 256;

// RecordId='123' of <Bookmark Channel='Security' RecordId='123' IsCurrent='true'/>.
std::uint64_t record_of(std::string_view bookmark) {
  constexpr std::string_view kName = "RecordId=";
  const auto at = bookmark.find(kName);
  if (at == std::string_view::npos) return 0;
  std::uint64_t number = 0;
  for (std::size_t i = at + kName.size() + 1; i < bookmark.size() && bookmark[i] >= '0' && bookmark[i] <= '9'; ++i)
    number = number * 10 + static_cast<std::uint64_t>(bookmark[i] - '0');
  return number;
}

class WinevtSource final : public EventSource {
 public:
  explicit WinevtSource(WinevtFunctions functions) : call_(std::move(functions)) {}
  ~WinevtSource() override { close(); }

  Result<> open(std::string_view channel, std::string_view xpath, std::string_view bookmark) override {
    close();
    channel_ = channel;
    query_ = xpath.empty() ? "*" : std::string(xpath);
    filtered_ = query_ != "*";
    const bool future = bookmark == "end";
    const std::string saved = future ? std::string() : std::string(bookmark);
    bookmark_ = call_.create_bookmark(saved);
    if (bookmark_ == 0) return fail(ErrorKind::invalid_input, "'{}' is no bookmark of the Windows Event Log", saved.substr(0, 100));
    last_ = record_of(saved);
    if (!saved.empty()) {
      subscription_ = call_.subscribe(channel_, query_, bookmark_, false, true);
      if (subscription_ != 0) return {};
      const auto error = call_.last_error();
      if (error != WinevtFunctions::kQueryResultStale && error != WinevtFunctions::kNotFound) return trouble(error);
      // The bookmark's record was overwritten, or the log cleared: from the oldest that is there; what is missing is counted
      // by the numbers.
    }
    subscription_ = call_.subscribe(channel_, query_, 0, future, false);
    if (subscription_ == 0) return trouble(call_.last_error());
    return {};
  }

  Result<EventGroup> next(Deadline deadline) override {
    EventGroup group;
    std::vector<EventHandle> handles;
    if (!call_.next(subscription_, kMost, deadline.left(), handles)) {
      const auto error = call_.last_error();
      if (error == WinevtFunctions::kNoMoreItems || error == WinevtFunctions::kTimeout) return group;
      return trouble(error);
    }
    for (const auto handle : handles) {
      std::string xml = call_.render_event(handle);
      if (xml.empty()) {
        // Named by nothing, as nothing can be read of it; the bookmark goes on behind it.
        ++group.lost["unreadable"];
      } else {
        const auto fields = read_system(xml);
        if (fields.record != 0) {
          if (last_ != 0 && fields.record <= last_) {
            group.restarted = true;
            group.first = 0;
            last_ = 0;
          }
          if (group.first == 0) group.first = last_ == 0 ? fields.record : last_ + 1;
          // With a query the numbers have holes by nature; without one they tell what was overwritten.
          if (last_ != 0 && fields.record > last_ + 1) {
            if (filtered_) group.filtered += fields.record - last_ - 1;
            else group.lost["rollover"] += fields.record - last_ - 1;
          }
          last_ = group.last = fields.record;
        }
        group.events.push_back({fields.record, std::move(xml)});
      }
      call_.update_bookmark(bookmark_, handle);
      call_.close(handle);
    }
    if (!handles.empty()) group.bookmark = call_.render_bookmark(bookmark_);
    return group;
  }

  Result<> ack(std::string_view) override { return {}; }

 private:
  void close() {
    if (subscription_ != 0) call_.close(subscription_);
    if (bookmark_ != 0) call_.close(bookmark_);
    subscription_ = bookmark_ = 0;
  }
  std::unexpected<Error> trouble(std::uint32_t error) const {
    switch (error) {
      case WinevtFunctions::kAccessDenied:
        return fail(ErrorKind::permission_denied, "no permission to read the channel '{}': the account must be in the group Event Log Readers", channel_);
      case WinevtFunctions::kChannelNotFound: return fail(ErrorKind::not_found, "this system has no channel '{}'; wevtutil el lists all", channel_);
      case WinevtFunctions::kInvalidQuery: return fail(ErrorKind::invalid_input, "Windows does not take the query '{}' for the channel '{}'", query_, channel_);
      default: return fail(ErrorKind::unavailable, "reading the channel '{}': Windows error {}", channel_, error);
    }
  }

  const WinevtFunctions call_;
  std::string channel_, query_;
  bool filtered_ = false;
  EventHandle subscription_ = 0, bookmark_ = 0;
  std::uint64_t last_ = 0;
};

}  // namespace

std::unique_ptr<EventSource> make_winevt_source(WinevtFunctions functions) { return std::make_unique<WinevtSource>(std::move(functions)); }

}  // namespace yagura::winlog
