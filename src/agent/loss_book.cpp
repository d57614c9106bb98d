#include "agent/loss_book.hpp"

#include "base/encoding.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

namespace yagura::agent {

namespace {
// Names come from the configuration, reasons from the program: more of either is not ours.
constexpr std::size_t kMostSources = 10'000, kMostReasons = 100;
}  // namespace

Result<> LossBook::load() {
  auto text = read_file(file_, 4_MiB);
  if (!text && text.error().kind() == ErrorKind::not_found) return {};
  if (!text) return std::unexpected(std::move(text).error());
  for (const auto line : split(*text, '\n')) {
    const auto words = split(line, ' ');
    if (words.size() != 3) continue;
    const auto count = parse_uint64(words[2]);
    const auto source = percent_decode(words[0]);
    if (!count || (totals_.size() >= kMostSources && !totals_.contains(source))) continue;
    auto& reasons = totals_[source];
    if (reasons.size() < kMostReasons) reasons[percent_decode(words[1])] = *count;
  }
  return {};
}

void LossBook::note(const std::string& source, const Counts& running) {
  if (running.empty()) return;
  auto& before = running_[source];
  auto& totals = totals_[source];
  for (const auto& [reason, count] : running) {
    auto& seen = before[reason];
    // Less than before: the source was made anew and nobody said so.
    const auto more = count >= seen ? count - seen : count;
    seen = count;
    if (more == 0) continue;
    totals[reason] += more;
    changed_ = true;
  }
}

LossBook::Counts LossBook::of(const std::string& source) const {
  const auto found = totals_.find(source);
  return found == totals_.end() ? Counts() : found->second;
}

Result<> LossBook::keep() {
  if (!changed_) return {};
  std::string text;
  for (const auto& [source, reasons] : totals_)
    for (const auto& [reason, count] : reasons)
      text += fmt::format("{} {} {}\n", percent_encode(source), percent_encode(reason), count);
  TRY(write_file_atomically(file_, text, 0640));
  changed_ = false;
  return {};
}

}  // namespace yagura::agent
