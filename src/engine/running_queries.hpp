// Watches over queries at work: when a client has gone, its query is cancelled in the engine.
//
// One thread, asleep while nothing runs. Scopes are made and ended by the threads that run the queries.
#pragma once
#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>

#include "base/annotations.hpp"

namespace yagura::engine {

class RunningQueries {
 public:
  using Gone = std::function<bool()>;                     // asked every 100 ms from our thread
  using Kill = std::function<void(const std::string&)>;   // called once per query that is to be cancelled

  explicit RunningQueries(Kill kill);
  ~RunningQueries();

  struct Entry {
    std::string tag;
    std::string query_id;
    Gone gone;
    bool working = false;  // between work() and rest(): only then may gone() be asked
    bool killed = false;
  };

  // A query's life in the watch. The client is looked at only while the engine works, never while its thread writes.
  class Scope {
   public:
    Scope(RunningQueries& owner, std::string tag, std::string query_id, Gone gone);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    void work();
    void rest();

   private:
    RunningQueries& owner_;
    std::list<Entry>::iterator entry_;
  };

  // Cancels what runs under that id; how many.
  std::size_t cancel(std::string_view query_id);

 private:
  void watch();
  const Kill kill_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Entry> entries_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace yagura::engine
