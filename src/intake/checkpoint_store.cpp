#include "intake/checkpoint_store.hpp"

#include "base/encoding.hpp"
#include "base/file.hpp"

namespace yagura::intake {

Result<std::unique_ptr<FileCheckpointStore>> FileCheckpointStore::open(std::filesystem::path folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return fail_errno(error.value(), "making the folder " + folder.string());
  return std::unique_ptr<FileCheckpointStore>(new FileCheckpointStore(std::move(folder)));
}

std::filesystem::path FileCheckpointStore::path_of(std::string_view key) const {
  return folder_ / (percent_encode(key) + ".checkpoint");
}

Result<std::optional<std::string>> FileCheckpointStore::load(std::string_view key) {
  auto text = read_file(path_of(key), 64_MiB);
  if (text) return std::optional(std::move(*text));
  if (text.error().kind() == ErrorKind::not_found) return std::optional<std::string>();
  return std::unexpected(std::move(text).error());
}

Result<> FileCheckpointStore::save(std::string_view key, std::string_view value) {
  return write_file_atomically(path_of(key), value);
}

}  // namespace yagura::intake
