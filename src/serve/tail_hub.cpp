#include "serve/tail_hub.hpp"

#include <cstring>

#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "serve/result_writer.hpp"

namespace yagura::serve {

namespace {

using Clock = std::chrono::steady_clock;

// `needle` is lower case already.
bool contains_ignoring_case(std::string_view text, std::string_view needle) {
  if (needle.empty()) return true;
  if (text.size() < needle.size()) return false;
  const std::size_t last = text.size() - needle.size();
  for (std::size_t i = 0; i <= last; ++i) {
    if (ascii_lower(text[i]) != needle.front()) continue;
    std::size_t k = 1;
    while (k < needle.size() && ascii_lower(text[i + k]) == needle[k]) ++k;
    if (k == needle.size()) return true;
  }
  return false;
}

bool is_text(event::KqlType type) {
  return type == event::KqlType::string || type == event::KqlType::dynamic || type == event::KqlType::decimal;
}

bool row_matches(const event::TableBatch& batch, std::size_t row, const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    bool found = false;
    for (std::size_t i = 0; i < batch.column_count() && !found; ++i) {
      const event::Column& column = batch.column(i);
      if (is_text(column.type()) && !column.is_null(row)) found = contains_ignoring_case(column.texts()[row], word);
    }
    if (!found) return false;
  }
  return true;
}

std::shared_ptr<const std::string> row_json(const event::TableBatch& batch, std::size_t row) {
  std::string out = "{\"table\":";
  append_json_string(out, batch.table());
  out += ",\"row\":{";
  bool first = true;
  for (std::size_t i = 0; i < batch.column_count(); ++i) {
    const event::Column& column = batch.column(i);
    // Wide tables are mostly empty: what is not there is not sent.
    if (column.is_null(row) || (column.type() == event::KqlType::string && column.texts()[row].empty())) continue;
    if (!first) out += ',';
    first = false;
    append_json_string(out, batch.schema()[i].name);
    out += ':';
    append_cell_json(out, column, row);
  }
  out += "}}";
  return std::make_shared<const std::string>(std::move(out));
}

}  // namespace

TailHub::Watch::Taken TailHub::Watch::take(std::chrono::milliseconds wait) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, wait, [&] { return closed_ || !rows_.empty() || skipped_ != 0; });
  Taken taken{.rows = {rows_.begin(), rows_.end()}, .skipped = skipped_, .closed = closed_};
  rows_.clear();
  bytes_ = 0;
  skipped_ = 0;
  return taken;
}

Result<std::shared_ptr<TailHub::Watch>> TailHub::watch(TailFilter filter) {
  for (std::string& word : filter.words) word = to_lower_ascii(word);
  std::erase_if(filter.words, [](const std::string& word) { return word.empty(); });
  const std::lock_guard lock(mutex_);
  std::erase_if(list_, [](const auto& watch) { return watch.expired(); });
  if (closed_) return fail(ErrorKind::unavailable, "the server is stopping");
  if (list_.size() >= limits_.watchers)
    return fail(ErrorKind::exhausted, "{} live tails are open already; close one first", list_.size());
  auto watch = std::make_shared<Watch>(std::move(filter));
  list_.push_back(watch);
  watchers_.store(list_.size(), std::memory_order_relaxed);
  return watch;
}

void TailHub::publish(const event::TableBatch& batch) {
  if (!watched() || batch.row_count() == 0) return;
  std::vector<std::shared_ptr<Watch>> watches;
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(list_, [](const auto& watch) { return watch.expired(); });
    watchers_.store(list_.size(), std::memory_order_relaxed);
    for (const auto& weak : list_) {
      auto watch = weak.lock();
      if (watch && (watch->filter_.table.empty() || watch->filter_.table == batch.table()))
        watches.push_back(std::move(watch));
    }
  }
  if (watches.empty()) return;

  const auto start = Clock::now();
  const std::int64_t second = std::chrono::duration_cast<std::chrono::seconds>(start.time_since_epoch()).count();
  const auto has_room = [&](Watch& watch) {  // with watch.mutex_ held
    if (watch.second_ != second) {
      watch.second_ = second;
      watch.in_second_ = 0;
    }
    return watch.in_second_ < limits_.rows_per_second && watch.rows_.size() < limits_.queued_rows &&
           watch.bytes_ < limits_.queued_bytes.count();
  };
  const std::size_t rows = batch.row_count();
  std::vector<std::shared_ptr<const std::string>> encoded(watches.size() > 1 ? rows : 0);
  for (const auto& watch : watches) {
    std::size_t row = 0;
    std::uint64_t skipped = 0;
    for (; row < rows; ++row) {
      if (row % 64 == 0 && Clock::now() - start > limits_.publish_budget) break;
      if (!watch->filter_.words.empty() && !row_matches(batch, row, watch->filter_.words)) continue;
      {
        const std::lock_guard lock(watch->mutex_);
        if (!has_room(*watch)) {
          // Without words each of the rest would match, and none would fit: no need to look.
          if (watch->filter_.words.empty()) break;
          ++skipped;
          continue;
        }
      }
      std::shared_ptr<const std::string> json;
      if (!encoded.empty()) json = encoded[row];
      if (!json) json = row_json(batch, row);
      if (!encoded.empty()) encoded[row] = json;
      const std::lock_guard lock(watch->mutex_);
      if (json->size() > limits_.row_bytes.count()) {
        ++skipped;
        continue;
      }
      ++watch->in_second_;
      watch->bytes_ += json->size();
      watch->rows_.push_back(std::move(json));
    }
    const std::lock_guard lock(watch->mutex_);
    watch->skipped_ += skipped + (rows - row);
    watch->changed_.notify_one();
  }
}

void TailHub::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  for (const auto& weak : list_) {
    const auto watch = weak.lock();
    if (!watch) continue;
    const std::lock_guard watch_lock(watch->mutex_);
    watch->closed_ = true;
    watch->changed_.notify_all();
  }
}

}  // namespace yagura::serve
