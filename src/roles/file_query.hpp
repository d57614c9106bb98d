// Queries over files without a server or a data folder: an engine of our own on a temporary folder, which goes with it.
//
// One thread opens it; run() as QueryService.
#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "files/file_table.hpp"
#include "query/query_service.hpp"
#include "roles/server_settings.hpp"

namespace yagura::roles {

struct FileQueryOptions {
  std::vector<files::FileTableOptions> tables;
  std::filesystem::path content;                 // empty: found beside the program
  std::vector<std::filesystem::path> functions;  // folders of function files besides content/functions
  EngineSettings engine;
  std::filesystem::path temporary;  // where the folder is made; empty: the system's
  std::function<void(const std::string& table, std::uint64_t rows)> progress;
};

class FileQuery {
 public:
  static Result<std::unique_ptr<FileQuery>> open(FileQueryOptions options);
  ~FileQuery();
  query::QueryService& service();
  // What was skipped, and why.
  const std::vector<std::string>& notes() const;

 private:
  struct Impl;
  explicit FileQuery(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace yagura::roles
