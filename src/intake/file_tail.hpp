// Follows text files as they grow: each line becomes a journal entry.
//
// Files are known by device, inode and first bytes, so that rotation is followed: by rename (the old file is read to
// its end, the new one from its beginning, and a renamed file that still fits a pattern is not read again) and by
// copy-and-truncate. A last line without its line feed waits for it, or for the file's end. How far each file was read
// is saved only once that is durable in the journal; lines read again after a crash carry the same identity (item_id),
// made of a number that the file was given when first seen, and the line's offset. Compressed files (.gz, .bz2, .xz,
// .zst, .lz4, .Z, .zip) are left out.
//
// One thread, which looks every poll_interval. What cannot be read is named in status().
#pragma once
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "intake/checkpoint_store.hpp"
#include "intake/entry_sink.hpp"
#include "intake/source.hpp"

namespace yagura::intake {

struct FileTailSettings {
  std::string name = "file";
  std::vector<std::string> paths;    // glob(3) patterns
  std::vector<std::string> exclude;  // fnmatch(3) patterns, of whole paths or of file names
  std::string format = "auto";
  bool from_beginning = true;  // false: of files that are there at the very first start, only what is new
  Bytes max_message = 1_MiB;   // a longer line comes in pieces
  std::size_t max_files = 1024;
  std::chrono::milliseconds poll_interval{250};
  std::chrono::milliseconds rescan_interval{2'000};
};

class FileTail : public Source {
 public:
  static std::unique_ptr<FileTail> create(FileTailSettings settings, EntrySink& sink, CheckpointStore& checkpoints);
};

}  // namespace yagura::intake
