// Where sources put what they received: the journal, or in tests a list.
//
// Any thread. Meanings and errors are those of journal::Writer.
#pragma once
#include <functional>
#include <span>

#include "base/position.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "journal/entry.hpp"
#include "journal/writer.hpp"

namespace yagura::intake {

class EntrySink {
 public:
  virtual ~EntrySink() = default;
  virtual Result<Position> append(std::span<const journal::EntryView> entries, Deadline deadline) = 0;
  virtual Result<> wait_durable(Position position, Deadline deadline) = 0;
  virtual Position durable_position() const = 0;
  // Why it takes nothing now; "" when it does.
  virtual std::string trouble() const = 0;
  // What is durable now behind `after`, in order, until `visit` says false: a source that was killed finds what it gave
  // since its last checkpoint. Sinks that tell sources apart themselves show nothing.
  using Visit = std::function<bool(const journal::EntryView& entry)>;
  virtual Result<> read_back(Position after, const Visit& visit) const {
    (void)after, (void)visit;
    return {};
  }
};

class JournalSink final : public EntrySink {
 public:
  explicit JournalSink(journal::Writer& writer) : writer_(writer) {}
  Result<Position> append(std::span<const journal::EntryView> entries, Deadline deadline) override {
    return writer_.append(entries, deadline);
  }
  Result<> wait_durable(Position position, Deadline deadline) override {
    return writer_.wait_durable(position, deadline);
  }
  Position durable_position() const override { return writer_.durable_position(); }
  std::string trouble() const override { return writer_.trouble(); }
  Result<> read_back(Position after, const Visit& visit) const override;

 private:
  journal::Writer& writer_;
};

}  // namespace yagura::intake
