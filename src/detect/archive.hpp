// Rule packs as people pass them on: zip, tar and tar.gz.
//
// Reads what is in memory and gives the files whose names a filter takes. Bounded: what is larger than the limits is an
// Error, so a small archive that holds a large one does no harm. Names are used for messages only, never as paths. zip:
// stored and deflated entries (APPNOTE 6.3.10, no encryption, no zip64); tar: ustar, GNU long names and pax paths. Any thread.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace yagura::detect {

struct ArchiveFile {
  std::string name;  // as in the archive, '/' between parts
  std::string content;
};
struct ArchiveLimits {
  std::size_t max_files = 100'000;
  Bytes max_file = 4_MiB;
  Bytes max_total = 512_MiB;  // of all that is unpacked, also on the way
};

// By its name: .zip, .tar, .tar.gz, .tgz.
bool is_archive_name(std::string_view name);
// Told by its first bytes.
Result<std::vector<ArchiveFile>> read_archive(std::string_view bytes, const std::function<bool(std::string_view name)>& wanted,
                                              const ArchiveLimits& limits = {});

}  // namespace yagura::detect
