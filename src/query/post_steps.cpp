#include "query/post_steps.hpp"

namespace yagura::query {

namespace {

// As Kusto counts: what the value takes, not what its JSON does.
std::uint64_t row_bytes(const event::TableBatch& batch, std::size_t row) {
  std::uint64_t bytes = 0;
  for (std::size_t c = 0; c < batch.column_count(); ++c) {
    const auto& column = batch.column(c);
    switch (column.type()) {
      case event::KqlType::string:
      case event::KqlType::decimal:
      case event::KqlType::dynamic: bytes += column.texts()[row].size() + 4; break;
      case event::KqlType::boolean: bytes += 1; break;
      case event::KqlType::int32: bytes += 4; break;
      case event::KqlType::guid: bytes += 16; break;
      default: bytes += 8;
    }
  }
  return bytes;
}

event::TableBatch first_rows(const event::TableBatch& from, std::size_t rows) {
  event::TableBatch out(from.table(), from.schema());
  for (std::size_t c = 0; c < from.column_count(); ++c)
    for (std::size_t row = 0; row < rows; ++row) out.column(c).append_from(from.column(c), row);
  return out;
}

}  // namespace

Result<bool> PostSteps::apply(event::TableBatch& batch) {
  for (const auto& step : steps_) TRY(step(batch));
  std::size_t kept = 0;
  for (; kept < batch.row_count(); ++kept) {
    if (rows_ + kept >= max_rows_) {
      cut_by_rows_ = true;
      break;
    }
    bytes_ += row_bytes(batch, kept);
    if (bytes_ > max_bytes_.count()) {
      cut_by_bytes_ = true;
      break;
    }
  }
  rows_ += kept;
  if (kept < batch.row_count()) {
    event::TableBatch cut = first_rows(batch, kept);
    cut.adopt(std::make_shared<event::TableBatch>(std::move(batch)));  // its views point there
    batch = std::move(cut);
    return false;
  }
  return true;
}

}  // namespace yagura::query
