// What the stored functions of a workspace are: those of content folders and of the control database, with the ones
// that read watchlists; keeps the store's table Watchlist in step with the watchlists.
//
// Any thread. What it is given outlives it.
#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "control/control_db.hpp"
#include "query/function_library.hpp"
#include "serve/api.hpp"
#include "store/store.hpp"

namespace yagura::roles {

class WorkspaceFunctions {
 public:
  using Schemas = std::function<std::shared_ptr<const event::SchemaSet>()>;
  // `control` and `store` may be null: then there are only the functions of files, or no watchlists.
  static Result<std::unique_ptr<WorkspaceFunctions>> open(std::vector<std::filesystem::path> folders,
                                                          control::ControlDb* control, store::Store* store,
                                                          Schemas schemas);
  // After a change, and every few seconds for those that others made: looks whether anything is new, and takes it over.
  Result<> refresh();
  Result<> reload_files_if_changed();
  std::shared_ptr<const kql::FunctionSet> functions() const { return library_->functions(); }
  const query::FunctionLibrary& library() const { return *library_; }

 private:
  WorkspaceFunctions(control::ControlDb* control, store::Store* store, Schemas schemas)
      : control_(control), store_(store), schemas_(std::move(schemas)) {}
  Result<> store_items(const control::Watchlist& watchlist, std::int64_t now);
  Result<> find_stored();

  control::ControlDb* const control_;
  store::Store* const store_;
  const Schemas schemas_;
  std::unique_ptr<query::FunctionLibrary> library_;
  std::mutex mutex_;
  std::string version_ GUARDED_BY(mutex_);           // of functions and watchlists in the control database, likewise
  std::string seen_ GUARDED_BY(mutex_);              // what refresh() took over
  std::set<std::string> stored_ GUARDED_BY(mutex_);  // stamps of the watchlists that are in the store
  bool asked_store_ GUARDED_BY(mutex_) = false;
};

// What each table takes in the store.
Result<std::vector<serve::TableSize>> table_sizes(store::Store& store);
// Folders of function files: content/functions, then the configured ones.
std::vector<std::filesystem::path> function_folders(const std::filesystem::path& content,
                                                    const std::vector<std::filesystem::path>& configured);

}  // namespace yagura::roles
