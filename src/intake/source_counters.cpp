#include "intake/source_counters.hpp"

#include "base/log.hpp"

namespace yagura::intake {

SourceCounters::SourceCounters(std::string name, std::string kind)
    : name_(std::move(name)),
      kind_(std::move(kind)),
      messages_(metrics().counter("yagura_intake_messages_total", "Messages received", {{"source", name_}})),
      bytes_(metrics().counter("yagura_intake_bytes_total", "Bytes of messages received", {{"source", name_}})),
      connections_gauge_(metrics().gauge("yagura_intake_connections", "Open connections, or files being followed",
                                         {{"source", name_}})),
      waiting_gauge_(metrics().gauge("yagura_intake_waiting_bytes", "Bytes received that are not yet whole messages",
                                     {{"source", name_}})),
      messages_before_(messages_.value()),
      bytes_before_(bytes_.value()) {}

void SourceCounters::received(std::uint64_t messages, std::uint64_t bytes, ReceiveTime at) {
  messages_.add(messages);
  bytes_.add(bytes);
  last_ticks_.store(at.time_since_epoch().count(), std::memory_order_relaxed);
}

void SourceCounters::dropped(std::string_view reason, std::uint64_t messages) {
  if (messages == 0) return;
  metrics()
      .counter("yagura_intake_dropped_total", "Messages lost, by reason",
               {{"source", name_}, {"reason", std::string(reason)}})
      .add(messages);
  dropped_.fetch_add(messages, std::memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  dropped_why_[std::string(reason)] += messages;
}

void SourceCounters::refused(std::string_view reason) {
  metrics()
      .counter("yagura_intake_refused_total", "Connections and requests turned away, by reason",
               {{"source", name_}, {"reason", std::string(reason)}})
      .add();
  refused_.fetch_add(1, std::memory_order_relaxed);
}

void SourceCounters::noted(std::string_view what, std::uint64_t times) {
  metrics()
      .counter("yagura_intake_notes_total", "Oddities that lose nothing",
               {{"source", name_}, {"what", std::string(what)}})
      .add(times);
}

void SourceCounters::connections(std::uint64_t open) {
  connections_.store(open, std::memory_order_relaxed);
  connections_gauge_.set(static_cast<double>(open));
}

void SourceCounters::waiting(std::uint64_t bytes) { waiting_gauge_.set(static_cast<double>(bytes)); }

void SourceCounters::set_state(std::string_view state, std::string_view detail) {
  const auto now = std::chrono::steady_clock::now();
  bool tell = false;
  {
    const std::lock_guard lock(mutex_);
    tell = !detail.empty() && (detail_ != detail || state_ != state) && now - logged_at_ > std::chrono::seconds(10);
    state_ = state;
    detail_ = detail;
    if (tell) logged_at_ = now;
  }
  if (tell) log_warning("intake", "{}: {}: {}", name_, state, detail);
}

SourceStatus SourceCounters::status(std::string address) const {
  SourceStatus status;
  status.name = name_;
  status.kind = kind_;
  status.address = std::move(address);
  status.connections = connections_.load();
  status.messages = messages_.value() - messages_before_;
  status.bytes = bytes_.value() - bytes_before_;
  status.dropped = dropped_.load();
  status.refused = refused_.load();
  if (const auto ticks = last_ticks_.load(); ticks != 0) status.last_message = receive_time(ticks);
  const std::lock_guard lock(mutex_);
  status.state = state_;
  status.detail = detail_;
  status.dropped_why = dropped_why_;
  return status;
}

}  // namespace yagura::intake
