#include "query/function_library.hpp"

#include <set>

#include "base/file.hpp"
#include "base/text.hpp"
#include "query/function_files.hpp"

namespace yagura::query {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMostFiles = 20'000;

bool is_function_file(const fs::path& path) {
  static const std::set<std::string> kEndings{".yaml", ".yml", ".json", ".kql", ".csl", ".txt"};
  return kEndings.contains(to_lower_ascii(path.extension().string()));
}

}  // namespace

Result<std::unique_ptr<FunctionLibrary>> FunctionLibrary::open(std::vector<fs::path> folders) {
  for (const auto& folder : folders) {
    std::error_code error;
    if (!fs::is_directory(folder, error))
      return fail(ErrorKind::not_found, "the folder of functions {} is not there", folder.string());
  }
  std::unique_ptr<FunctionLibrary> library(new FunctionLibrary(std::move(folders)));
  const auto stamps = library->look();
  const std::lock_guard lock(library->mutex_);
  library->read(stamps);
  library->publish();
  return library;
}

FunctionLibrary::Stamps FunctionLibrary::look() const {
  Stamps stamps;
  for (const auto& folder : folders_) {
    std::error_code error;
    for (fs::recursive_directory_iterator at(folder, fs::directory_options::skip_permission_denied, error), end;
         !error && at != end; at.increment(error)) {
      std::error_code ignored;
      if (!at->is_regular_file(ignored) || !is_function_file(at->path())) continue;
      stamps.emplace(at->path().string(), std::pair(at->last_write_time(ignored), at->file_size(ignored)));
      if (stamps.size() >= kMostFiles) return stamps;
    }
  }
  return stamps;
}

void FunctionLibrary::read(const Stamps& stamps) {
  stamps_ = stamps;
  of_files_.clear();
  problems_.clear();
  for (const auto& folder : folders_) {
    const std::string prefix = (folder / "").string();
    for (const auto& [path, stamp] : stamps) {
      if (!path.starts_with(prefix)) continue;
      auto functions = [&]() -> Result<std::vector<kql::StoredFunction>> {
        return parse_function_file(TRY(read_file(path, 4_MiB)), path);
      }();
      if (!functions) {
        problems_.push_back({path, functions.error().message()});
        continue;
      }
      for (auto& function : *functions) of_files_.push_back(std::move(function));
    }
  }
}

void FunctionLibrary::publish() {
  auto next = std::make_shared<FunctionSnapshot>();
  for (const auto& function : of_files_) next->functions.put(function);
  for (const auto& function : made_) next->functions.put(function);
  next->problems = problems_;
  current_ = std::move(next);
}

void FunctionLibrary::set_made(std::vector<kql::StoredFunction> made) {
  const std::lock_guard lock(mutex_);
  made_ = std::move(made);
  publish();
}

Result<bool> FunctionLibrary::reload_if_changed() {
  auto stamps = look();
  const std::lock_guard lock(mutex_);
  if (stamps == stamps_) return false;
  read(stamps);
  publish();
  return true;
}

std::shared_ptr<const FunctionSnapshot> FunctionLibrary::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

std::shared_ptr<const kql::FunctionSet> FunctionLibrary::functions() const {
  const auto snapshot = current();
  return {snapshot, &snapshot->functions};
}

}  // namespace yagura::query
