// Objects of S3 that a queue of SQS tells of: fetched, unfolded, cut into records, journaled, and only then deleted from the queue.
//
// Several threads, each with one message at a time; one more keeps the messages hidden while they are worked on and asks how full
// the queue is. Memory per thread is one piece of an object. What cannot be read is tried again as SQS delivers it again; after
// `most_tries` it is set aside with its reason and leaves the queue. Errors of the set-up are in status(): nothing ends the source.
#pragma once
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/json_cutter.hpp"
#include "cloud/notification.hpp"
#include "cloud/object_stream.hpp"
#include "cloud/s3.hpp"
#include "cloud/sqs.hpp"
#include "intake/journal_pusher.hpp"
#include "intake/object_book.hpp"
#include "intake/source.hpp"
#include "intake/source_thread.hpp"

namespace yagura::intake {

struct S3SourceOptions {
  std::string name;   // "aws-trail"
  std::string table;  // the destination, as the hint tells the decoder: "AWSCloudTrail"
  std::string queue_url;
  std::shared_ptr<cloud::AwsClient> sqs, s3;
  std::size_t threads = 2;
  std::chrono::seconds visibility{300};
  std::chrono::seconds wait{20};  // long polling
  int most_tries = 5;
  cloud::ObjectStreamLimits limits;
  Bytes most_record = 1_MiB;  // a longer one is kept in pieces
};

struct QueueStatus {
  std::uint64_t visible = 0, in_flight = 0;      // as SQS says, about
  std::uint64_t received = 0, deleted = 0;       // messages since the start
  std::uint64_t objects = 0, repeated = 0, set_aside = 0, records = 0;
  std::uint64_t received_bytes = 0, content_bytes = 0;
  std::optional<std::int64_t> oldest_ticks;       // when the oldest message that was received last had been sent
  std::optional<std::int64_t> last_event_ticks;   // when a record was journaled last
  std::string last_error;
};

class S3Source final : public Source {
 public:
  S3Source(S3SourceOptions options, EntrySink& sink, std::unique_ptr<ObjectBook> book);
  ~S3Source() override;
  Result<> start() override;
  void stop() override;
  SourceStatus status() const override;
  QueueStatus queue_status() const;

  // One object, whoever told of it: true when all its records are durable (now or since before), false when another thread has
  // it. `told_name` becomes what the object book calls it.
  Result<bool> take_object(const cloud::ObjectNotice& notice, const std::atomic<bool>& stopping, std::string* told_name = nullptr);

 private:
  struct Worker;
  class Cutter;
  void work(Worker& worker);
  void watch();
  void take_message(Worker& worker, const cloud::SqsMessage& message);
  struct Unreadable {
    std::string name, reason;
  };
  void give_up(const cloud::SqsMessage& message, const std::vector<Unreadable>& objects);
  void trouble(const std::string& text);

  const S3SourceOptions options_;
  EntrySink& sink_;
  const std::unique_ptr<ObjectBook> book_;
  cloud::SqsQueue queue_;
  SourceCounters counters_;
  std::vector<std::unique_ptr<Worker>> workers_;
  SourceThread watcher_;
  mutable std::mutex mutex_;
  QueueStatus status_ GUARDED_BY(mutex_);
  std::map<std::string, std::chrono::steady_clock::time_point> hidden_until_ GUARDED_BY(mutex_);  // by receipt handle
};

// How an object's records are laid out and told to the decoder; by its table and its first bytes.
struct ObjectLayout {
  enum class Kind { json_values, json_documents, lines } kind = Kind::lines;
  std::string hint;            // of the journal entries
  std::size_t skipped = 0;     // bytes of a header in front
};
// nullopt while more than these first bytes is needed (and there is more).
std::optional<ObjectLayout> layout_of(std::string_view table, std::string_view begin, bool is_all);

}  // namespace yagura::intake
