// Any bytes as JSON, CSV or TSV: read or refused, and both readings agree on columns and, without bad lines, on types.
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>

#include "files/file_table.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace yagura;
  if (size < 1) return 0;
  static const std::filesystem::path path = std::filesystem::temp_directory_path() / ("yagura-file-fuzz-" + std::to_string(::getpid()));
  // A new file each time: ext4 writes one that was cut short and filled again to the disk when it is closed (0.1 s).
  std::filesystem::remove(path);
  std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(data + 1), static_cast<std::streamsize>(size - 1));
  static constexpr files::FileKind kKinds[] = {files::FileKind::json, files::FileKind::csv, files::FileKind::tsv};
  files::FileTableOptions options{.name = "T", .paths = {path}};
  options.kind = kKinds[data[0] % 3];
  options.skip_bad_lines = (data[0] & 0x80) != 0;
  auto table = files::FileTable::open(std::move(options));
  if (!table) return 0;
  const auto& columns = (*table)->schema().columns;
  // A part of the columns, whose rows are all there.
  const auto read = (*table)->read([&](event::TableBatch&& rows) -> Result<> {
    for (std::size_t c = 0; c < rows.column_count(); ++c) {
      if (rows.column(c).size() != rows.row_count()) std::abort();
      bool known = false;
      for (const auto& column : columns) known = known || (column.name == rows.schema()[c].name && column.type == rows.column(c).type());
      if (!known) std::abort();
    }
    return {};
  });
  // What open() took, read() takes.
  if (!read) std::abort();
  return 0;
}
