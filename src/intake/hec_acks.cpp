#include "intake/hec_acks.hpp"

namespace yagura::intake {

namespace {
constexpr std::size_t kMostChannels = 1024;
constexpr std::size_t kMostOpen = 10'000;
}  // namespace

void HecAcks::forget_idle(Clock::time_point now) {
  if (now - swept_at_ < idle_ / 10) return;
  swept_at_ = now;
  std::erase_if(channels_, [&](const auto& entry) { return now - entry.second.used_at > idle_; });
}

bool HecAcks::has_room(const std::string& channel, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  forget_idle(now);
  const auto found = channels_.find(channel);
  return found == channels_.end() ? channels_.size() < kMostChannels : found->second.open.size() < kMostOpen;
}

std::uint64_t HecAcks::add(const std::string& channel, Position position, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  Channel& at = channels_[channel];
  at.used_at = now;
  at.open.emplace(at.next, position);
  return at.next++;
}

std::vector<bool> HecAcks::ask(const std::string& channel, const std::vector<std::uint64_t>& numbers, Position durable,
                               Clock::time_point now) {
  std::vector<bool> answers(numbers.size(), false);
  const std::lock_guard lock(mutex_);
  forget_idle(now);
  const auto found = channels_.find(channel);
  if (found == channels_.end()) return answers;
  found->second.used_at = now;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto open = found->second.open.find(numbers[i]);
    if (open == found->second.open.end() || open->second > durable) continue;
    answers[i] = true;
    found->second.open.erase(open);
  }
  return answers;
}

std::size_t HecAcks::channels() const {
  const std::lock_guard lock(mutex_);
  return channels_.size();
}

}  // namespace yagura::intake
