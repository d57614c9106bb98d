// How far a source has come, kept across restarts. Any thread; save() is on disk when it returns.
//
// The server keeps checkpoints in its control database; FileCheckpointStore is for programs without one.
#pragma once
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace yagura::intake {

class CheckpointStore {
 public:
  virtual ~CheckpointStore() = default;
  // nullopt when there is none.
  virtual Result<std::optional<std::string>> load(std::string_view key) = 0;
  virtual Result<> save(std::string_view key, std::string_view value) = 0;
};

// One file a key; old content or new, never half.
class FileCheckpointStore final : public CheckpointStore {
 public:
  // Makes the folder.
  static Result<std::unique_ptr<FileCheckpointStore>> open(std::filesystem::path folder);
  Result<std::optional<std::string>> load(std::string_view key) override;
  Result<> save(std::string_view key, std::string_view value) override;

 private:
  explicit FileCheckpointStore(std::filesystem::path folder) : folder_(std::move(folder)) {}
  std::filesystem::path path_of(std::string_view key) const;

  const std::filesystem::path folder_;
};

}  // namespace yagura::intake
