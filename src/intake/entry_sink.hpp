// Where sources put what they received: the journal, or in tests a list.
//
// Any thread. Meanings and errors are those of journal::Writer.
#pragma once
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

 private:
  journal::Writer& writer_;
};

}  // namespace yagura::intake
