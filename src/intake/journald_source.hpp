// The systemd journal of this machine: each entry becomes one JSON object of its fields, as `journalctl -o json` prints
// it.
//
// The cursor is saved only once the entries before it are durable; entries read again after a crash carry the same
// identity, made of the cursor. Without a journal status() says "waiting" and why, and it is looked for again every
// half minute. One thread.
#pragma once
#include <filesystem>
#include <memory>
#include <string>

#include "base/bytes.hpp"
#include "intake/checkpoint_store.hpp"
#include "intake/entry_sink.hpp"
#include "intake/source.hpp"

namespace yagura::intake {

struct JournaldSettings {
  std::string name = "journald";
  std::filesystem::path directory;  // empty: the machine's own journal
  bool from_beginning = true;       // false: at the very first start, only what is new
  Bytes max_field = 256_KiB;        // a longer field is cut there and counted
};

class JournaldSource : public Source {
 public:
  static std::unique_ptr<JournaldSource> create(JournaldSettings settings, EntrySink& sink,
                                                CheckpointStore& checkpoints);
};

}  // namespace yagura::intake
