// Which objects of a bucket are in the journal already, wholly or in part: what makes "delivered at least once" stored once.
//
// An object that is done is kept in a store of the caller's. Of one that is under way the journal itself tells how many records
// it has: after a crash the entries behind the last checkpoint are counted by their peer (the object's name). Cutting an object
// into records is deterministic, so the next attempt leaves out as many. Any thread.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/annotations.hpp"
#include "base/position.hpp"
#include "base/result.hpp"
#include "journal/tail.hpp"

namespace yagura::intake {

// Where done objects are kept, for as long as a queue may deliver them again (14 days and more).
class DoneObjects {
 public:
  virtual ~DoneObjects() = default;
  virtual Result<bool> is_done(std::string_view source, std::string_view object) = 0;
  // On disk when it returns, together with the position to read the journal from after a crash.
  virtual Result<> mark_done(std::string_view source, std::string_view object, std::uint64_t records, Position read_from) = 0;
  virtual Result<Position> read_from(std::string_view source) = 0;
  // Gave up on it; it stays visible with the reason, and with how many of its records are in the journal.
  virtual Result<> set_aside(std::string_view source, std::string_view object, std::string_view reason, std::uint64_t records) = 0;
  // Of an object that was set aside; 0 for others.
  virtual Result<std::uint64_t> records_set_aside(std::string_view source, std::string_view object) = 0;
};

class ObjectBook {
 public:
  using TailMaker = std::function<std::unique_ptr<journal::Tail>(Position from)>;
  // Counts what the journal has behind the last checkpoint. `durable` is where it ends now.
  static Result<std::unique_ptr<ObjectBook>> open(std::string source, DoneObjects& done, const TailMaker& tail, Position durable);

  enum class State { fresh, under_way, done };
  struct Begun {
    State state = State::fresh;  // under_way: another thread has it just now
    std::uint64_t journaled = 0;  // records that need not be appended again
  };
  // Takes the object for this thread, unless it is done or taken. `durable`: where the journal ends now; its entries come behind
  // that, and from there the journal is read after a crash until the object is finished.
  Result<Begun> begin(std::string_view object, Position durable);
  // `records` more of it are in the journal.
  void journaled(std::string_view object, std::uint64_t records);
  // All of it is durable.
  Result<> finish(std::string_view object, std::uint64_t records, Position durable);
  // Later again, perhaps.
  void release(std::string_view object);
  Result<> set_aside(std::string_view object, std::string_view reason);

 private:
  struct Part {
    std::uint64_t records = 0;
    std::optional<Position> first;  // none of its entries lies before
    bool taken = false;
  };
  ObjectBook(std::string source, DoneObjects& done) : source_(std::move(source)), done_(done) {}

  const std::string source_;
  DoneObjects& done_;
  std::mutex mutex_;
  std::map<std::string, Part, std::less<>> parts_ GUARDED_BY(mutex_);
};

}  // namespace yagura::intake
