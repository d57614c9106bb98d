// ClickHouse's Native format <-> TableBatch. https://clickhouse.com/docs/interfaces/formats/Native
//
// A block is: column count, row count (varints), then per column its name, its type and all its values. Revision 0,
// as over HTTP: no block info, no LowCardinality unless a server sends it all the same.
//
// Reading is total over hostile bytes: bounded depth, no allocation beyond what the bytes themselves pay for.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "event/table_batch.hpp"
#include "store/native_type.hpp"

namespace yagura::store {

// A column as it is sent: which of the batch, and the ClickHouse type that stands in the table.
struct SentColumn {
  std::size_t index = 0;   // in the batch
  std::string name;
  bool nullable = true;    // false: nulls are sent as the type's zero
};

// "Nullable(Int64)", "DateTime64(7, 'UTC')", "String" ...
std::string native_type_name(event::KqlType type, bool nullable);

// Appends the batch as one block.
void write_native_block(std::string& out, const event::TableBatch& batch, const std::vector<SentColumn>& columns);

// Where bytes come from: appends what there is next, waits if it must; false at the end.
using ByteSource = std::function<Result<bool>(std::string& buffer)>;

class NativeReader {
 public:
  // `asked`: the columns that the reader shall give, by position; values are converted to their types and get their
  // names. Empty: names and types as the blocks have them.
  NativeReader(ByteSource source, std::vector<event::ColumnSchema> asked);
  ~NativeReader();
  NativeReader(const NativeReader&) = delete;
  NativeReader& operator=(const NativeReader&) = delete;

  // The next block with rows in it; nullopt at the end. corrupt when the bytes are no Native block or end within one.
  Result<std::optional<event::TableBatch>> next();
  // What was read of the block that could not be understood: servers put their error text there.
  std::string_view unread() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace yagura::store
