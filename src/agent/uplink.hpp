// Carries the spool to the server: batches by HTTPS with mutual TLS, each acknowledged when it is durable there.
//
// At least once on the wire: a batch is sent again until it is acknowledged. Once in the server's journal: it knows each
// entry by its position in this spool (docs/formats/agent-protocol.md). One thread of its own; status() is for any.
#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "agent/spool.hpp"
#include "base/annotations.hpp"
#include "fleet/messages.hpp"
#include "journal/transfer.hpp"
#include "net/backoff.hpp"
#include "net/http_client.hpp"

namespace yagura::agent {

struct UplinkSettings {
  std::filesystem::path folder;  // of ca.pem and identity.pem
  std::string host;
  Bytes max_batch = 1_MiB;
  std::chrono::milliseconds flush{1'000};  // an entry waits that long for others to go with it
  std::chrono::milliseconds heartbeat{30'000};  // until the server says another
  std::chrono::milliseconds timeout{60'000};    // of one request
  std::chrono::milliseconds longest_pause{30'000};  // between tries
};

struct UplinkStatus {
  std::string state = "starting";  // "connected", "waiting" (no connection, or the server pushes back), "refused", "not enrolled"
  std::string detail;
  std::uint64_t sent = 0;  // entries acknowledged in this spool's life
  std::uint64_t acked = 0;
  std::uint64_t damaged = 0;
  double lag_seconds = 0;
  std::uint64_t batches = 0, bytes = 0;  // since the start; bytes on the wire
  std::int64_t certificate_expires_ticks = 0;
};

class Uplink {
 public:
  // Fills in what only the role knows: generation, sources (without `sent`), what the process uses.
  using Describe = std::function<void(fleet::Heartbeat&)>;
  // A configuration from the server; gives why it was not taken, or "".
  using Configure = std::function<std::string(std::int64_t generation, const std::string& text)>;

  Uplink(UplinkSettings settings, Spool& spool, Describe describe, Configure configure);
  ~Uplink();  // stop()
  Uplink(const Uplink&) = delete;
  Uplink& operator=(const Uplink&) = delete;

  void start();
  // Sends what is there until the deadline, then ends.
  void stop(Deadline deadline);
  UplinkStatus status() const;
  // Sends a heartbeat soon: something has changed.
  void wake();

 private:
  using Clock = std::chrono::steady_clock;
  void run();
  bool join_up();
  bool heartbeat();
  void renew_if_due(bool asked);
  bool gather(Deadline until);
  void send();
  void rewind(std::uint64_t acked);
  void count_damage();
  void keep(bool now);
  bool stopping() const { return stopping_.load(); }
  void rest(std::chrono::milliseconds time);
  void say(std::string state, std::string detail);
  // What went wrong with a request: how long to wait.
  std::chrono::milliseconds trouble(const Error& error, const net::HttpResponse* response);

  const UplinkSettings settings_;
  Spool& spool_;
  const Describe describe_;
  const Configure configure_;
  std::thread thread_;
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  Deadline stop_by_ GUARDED_BY(mutex_);
  bool woken_ GUARDED_BY(mutex_) = false;
  UplinkStatus status_ GUARDED_BY(mutex_);
  std::unique_ptr<journal::Tail> tail_;  // made and dropped under mutex_, so that stop() can cancel it

  // The thread's.
  std::unique_ptr<net::HttpClient> client_;
  net::Backoff backoff_;
  SendProgress counted_;   // what is acknowledged and in the counts
  Position acked_;         // by the server; behind counted_.through only after it has lost something
  std::shared_ptr<const journal::Block> block_;  // partly in the batch
  std::size_t block_at_ = 0;
  journal::TransferBuilder batch_;
  std::string body_;       // encoded, to be sent until it is acknowledged; "" none
  Position body_last_;
  std::map<std::string, std::uint64_t> batch_counts_;
  std::optional<ReceiveTime> oldest_;
  Clock::time_point flush_at_{}, next_heartbeat_{}, next_keep_{};
  std::chrono::milliseconds heartbeat_interval_;
  std::int64_t certificate_made_ = 0;
  bool begins_ = false;    // the first batch as this agent, of a spool that was sent in part before
  std::uint64_t skipped_ = 0;  // of the tails before this one
  std::uint64_t damaged_before_ = 0;
};

}  // namespace yagura::agent
