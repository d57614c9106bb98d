// The stored functions of a workspace: those of content folders, with those that people made (control) over them.
//
// Any thread. current() is a snapshot that stays as it is. A file that is no function is passed over; one that is
// broken is a problem with its reason, and the others load all the same.
#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/annotations.hpp"
#include "base/result.hpp"
#include "kql/catalog.hpp"

namespace yagura::query {

struct FunctionProblem {
  std::string file, message;
};

struct FunctionSnapshot {
  kql::FunctionSet functions;
  std::vector<FunctionProblem> problems;
};

class FunctionLibrary {
 public:
  // Reads every function file below the folders; later folders win over earlier ones.
  static Result<std::unique_ptr<FunctionLibrary>> open(std::vector<std::filesystem::path> folders);
  // What people made, and what is made of watchlists: both stand over the files' functions.
  void set_made(std::vector<kql::StoredFunction> made);
  // Reads files again if one has changed, come or gone. True when it did.
  Result<bool> reload_if_changed();
  std::shared_ptr<const FunctionSnapshot> current() const;
  // The functions of current(), kept alive by it.
  std::shared_ptr<const kql::FunctionSet> functions() const;

 private:
  explicit FunctionLibrary(std::vector<std::filesystem::path> folders) : folders_(std::move(folders)) {}
  using Stamps = std::map<std::string, std::pair<std::filesystem::file_time_type, std::uintmax_t>>;
  Stamps look() const;
  void read(const Stamps& stamps);
  void publish();

  const std::vector<std::filesystem::path> folders_;
  mutable std::mutex mutex_;
  Stamps stamps_ GUARDED_BY(mutex_);
  std::vector<kql::StoredFunction> of_files_ GUARDED_BY(mutex_), made_ GUARDED_BY(mutex_);
  std::vector<FunctionProblem> problems_ GUARDED_BY(mutex_);
  std::shared_ptr<const FunctionSnapshot> current_ GUARDED_BY(mutex_);
};

}  // namespace yagura::query
