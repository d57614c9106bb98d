// Sets a flag when the peer of a running request goes away, so that a query nobody waits for stops.
//
// One thread looks at all watched streams a few times a second. Any thread may call.
#pragma once
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "base/annotations.hpp"
#include "net/http_server.hpp"

namespace yagura::serve {

class DisconnectWatcher {
 public:
  DisconnectWatcher();
  ~DisconnectWatcher();
  DisconnectWatcher(const DisconnectWatcher&) = delete;
  DisconnectWatcher& operator=(const DisconnectWatcher&) = delete;

  // Watches from construction to destruction; stream and flag must live as long.
  class Guard {
   public:
    Guard(DisconnectWatcher& watcher, const net::HttpStream& stream, std::atomic<bool>& gone);
    ~Guard();
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

   private:
    DisconnectWatcher& watcher_;
    std::atomic<bool>& gone_;
  };

  // Sets every flag, now and for streams to come: the server is going down.
  void cancel_all();

 private:
  struct Watched {
    const net::HttpStream* stream;
    std::atomic<bool>* gone;
  };
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Watched> watched_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  bool cancelled_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace yagura::serve
