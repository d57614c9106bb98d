// The files of a ZIP archive in memory (PKWARE's APPNOTE 6.3): stored and deflated, as every tool writes them.
//
// Reads the central directory at the archive's end. Total over hostile bytes: sizes are checked before memory is taken, checksums after;
// no more than `most` bytes and kMostFiles files come out. Encrypted files, ZIP64 and other methods are an Error that says so.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace yagura::kql {

struct ZipFile {
  std::string name;
  std::string content;
};

inline constexpr std::size_t kMostZipFiles = 1'000;
Result<std::vector<ZipFile>> read_zip(std::string_view bytes, Bytes most);

}  // namespace yagura::kql
