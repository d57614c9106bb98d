#include "intake/object_book.hpp"

#include "journal/block.hpp"

namespace yagura::intake {

Result<std::unique_ptr<ObjectBook>> ObjectBook::open(std::string source, DoneObjects& done, const TailMaker& make_tail, Position durable) {
  std::unique_ptr<ObjectBook> book(new ObjectBook(std::move(source), done));
  const Position from = TRY(done.read_from(book->source_));
  if (from > durable) return book;
  const auto tail = make_tail(from);
  const std::lock_guard lock(book->mutex_);
  while (tail->position() <= durable) {
    const auto block = TRY(tail->next(Deadline::in(10s)), "reading the journal for the objects of {}", book->source_);
    if (!block) break;
    for (const auto& entry : block->entries_from(from)) {
      if (entry.position > durable) break;
      if (entry.source() != book->source_) continue;
      auto& part = book->parts_[std::string(entry.peer())];
      ++part.records;
      if (!part.first) part.first = entry.position;
    }
  }
  return book;
}

Result<ObjectBook::Begun> ObjectBook::begin(std::string_view object, Position durable) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = parts_.find(object); found != parts_.end() && found->second.taken) return Begun{State::under_way, 0};
    // Said before the first entry is written: whoever finishes meanwhile must not move the place to read from beyond it.
    auto& part = parts_[std::string(object)];
    part.taken = true;
    if (!part.first) part.first = Position(durable.number() + 1);
  }
  auto is_done = done_.is_done(source_, object);
  std::uint64_t before = 0;
  if (is_done && !*is_done) {
    if (const auto aside = done_.records_set_aside(source_, object)) before = *aside;
    else is_done = std::unexpected(aside.error());
  }
  const std::lock_guard lock(mutex_);
  auto& part = parts_.find(object)->second;
  if (!is_done || *is_done) {
    part.taken = false;
    if (part.records == 0 || is_done.value_or(false)) parts_.erase(parts_.find(object));
    if (!is_done) return std::unexpected(is_done.error());
    return Begun{State::done, 0};
  }
  part.records = std::max(part.records, before);
  return Begun{State::fresh, part.records};
}

void ObjectBook::journaled(std::string_view object, std::uint64_t records) {
  const std::lock_guard lock(mutex_);
  parts_[std::string(object)].records += records;
}

Result<> ObjectBook::finish(std::string_view object, std::uint64_t records, Position durable) {
  Position read_from(durable.number() + 1);
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, part] : parts_)
      if (name != object && part.first) read_from = std::min(read_from, *part.first);
  }
  TRY(done_.mark_done(source_, object, records, read_from));
  const std::lock_guard lock(mutex_);
  if (const auto found = parts_.find(object); found != parts_.end()) parts_.erase(found);
  return {};
}

void ObjectBook::release(std::string_view object) {
  const std::lock_guard lock(mutex_);
  const auto found = parts_.find(object);
  if (found == parts_.end()) return;
  found->second.taken = false;
  if (found->second.records == 0) parts_.erase(found);
}

Result<> ObjectBook::set_aside(std::string_view object, std::string_view reason) {
  std::uint64_t records = 0;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = parts_.find(object); found != parts_.end()) records = found->second.records;
  }
  TRY(done_.set_aside(source_, object, reason, records));
  const std::lock_guard lock(mutex_);
  if (const auto found = parts_.find(object); found != parts_.end()) parts_.erase(found);
  return {};
}

}  // namespace yagura::intake
