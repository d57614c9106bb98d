// One reader for each kind of file. Private to the room.
#pragma once
#include "base/text.hpp"
#include "files/file_table.hpp"

namespace yagura::files {

Result<std::unique_ptr<FileTable>> open_json_table(FileTableOptions options);
Result<std::unique_ptr<FileTable>> open_csv_table(FileTableOptions options, char separator);
Result<std::unique_ptr<FileTable>> open_syslog_table(FileTableOptions options);
Result<std::unique_ptr<FileTable>> open_windows_table(FileTableOptions options);

}  // namespace yagura::files
