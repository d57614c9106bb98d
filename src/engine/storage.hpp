// The opened data folder: our lock on it, the engine's configuration file, and connections.
//
// Layout of the folder: `lock` (flock), `engine.xml` (written at each start), `reserve` (see below), `db/` (ClickHouse's own).
// One per process, for the process's life: libchdb cannot be shut down and started again reliably. Any number of threads.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "base/annotations.hpp"
#include "base/bytes.hpp"
#include "base/file.hpp"
#include "engine/chdb_library.hpp"

namespace yagura::engine {

class Storage {
 public:
  // conflict when another process has the folder.
  static Result<std::unique_ptr<Storage>> open(std::shared_ptr<const ChdbLibrary> library, const std::filesystem::path& data, Bytes max_memory);

  Result<std::unique_ptr<ChdbConnection>> connect(const ChdbSettings& settings) const;
  bool knows_setting(std::string_view name) const { return settings_.contains(name); }
  // Functions that read or run something outside the tables: table functions, file() and the like.
  bool reaches_outside(std::string_view function) const { return outside_.contains(function); }
  const std::string& server_version() const { return version_; }
  // On a full disk ClickHouse cannot even drop a partition. So some of the disk is held by a file of ours, which is given up
  // for that (true when there was something to give) and taken again once there is room.
  bool give_up_reserve();
  void take_reserve();
  // Cancels the statements whose log_comment is `tag`.
  void kill(std::string_view tag);

 private:
  Storage() = default;
  std::shared_ptr<const ChdbLibrary> library_;
  std::filesystem::path path_, reserve_;
  FileDescriptor lock_;
  std::unique_ptr<ChdbConnection> keeper_;  // never used: closing the last connection would stop the engine
  std::mutex control_mutex_;
  std::unique_ptr<ChdbConnection> control_ GUARDED_BY(control_mutex_);
  std::set<std::string, std::less<>> settings_;
  std::set<std::string, std::less<>> outside_;
  std::string version_;
};

}  // namespace yagura::engine
