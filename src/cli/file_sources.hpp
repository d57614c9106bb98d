// --from TABLE=FILE of `yagura query`: which files are which tables.
#pragma once
#include <CLI/CLI.hpp>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include "files/file_table.hpp"

namespace yagura::cli {

struct FileSourceOptions {
  std::vector<std::string> from;     // TABLE=FILE, TABLE=glob, TABLE=-, FILE
  std::vector<std::string> schemas;  // TABLE=name:type,...
  std::string format;
  std::string memory = "2GiB";
  std::string temporary;
  bool skip_bad_lines = false;
};

void add_file_options(CLI::App& command, FileSourceOptions& options);

// The tables; keeps what came by standard input in a temporary file for as long as it lives.
class FileSources {
 public:
  static Result<std::unique_ptr<FileSources>> open(const FileSourceOptions& options, std::istream& in);
  ~FileSources();
  const std::vector<files::FileTableOptions>& tables() const { return tables_; }

 private:
  FileSources() = default;
  Result<std::filesystem::path> spool(std::istream& in, const std::string& folder);
  std::vector<files::FileTableOptions> tables_;
  std::filesystem::path spooled_;
};

}  // namespace yagura::cli
