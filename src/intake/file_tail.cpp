#include "intake/file_tail.hpp"

#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <sys/stat.h>

#include <deque>
#include <map>

#include "base/log.hpp"
#include "base/text.hpp"
#include "intake/followed_file.hpp"
#include "intake/journal_pusher.hpp"
#include "intake/source_thread.hpp"

namespace yagura::intake {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kBuffer = 1 << 20;
constexpr int kMostReadsAtOnce = 8;  // of one file, before the others have their turn
constexpr auto kSaveInterval = std::chrono::seconds(1);
// So much of a journal that others fill is read after a crash at most, to find what this source gave last.
constexpr auto kIdleSaveInterval = std::chrono::seconds(30);
constexpr auto kQuietBeforeDrop = std::chrono::seconds(5);  // a rotated file may still be written to for a moment

bool is_compressed(std::string_view path) {
  for (const std::string_view ending : {".gz", ".bz2", ".xz", ".zst", ".lz4", ".Z", ".zip"})
    if (path.ends_with(ending)) return true;
  return false;
}

class FileTailImpl final : public FileTail {
 public:
  FileTailImpl(FileTailSettings settings, EntrySink& sink, CheckpointStore& checkpoints)
      : settings_(std::move(settings)),
        sink_(sink),
        checkpoints_(checkpoints),
        key_("intake/file/" + settings_.name),
        counters_(settings_.name, "file"),
        pusher_(sink, counters_, thread_.stopping(), "following"),
        buffer_(std::max<std::size_t>(kBuffer, settings_.max_message.count() + 1), '\0') {}
  ~FileTailImpl() override { stop(); }

  Result<> start() override {
    const auto saved = TRY(checkpoints_.load(key_), "starting source '{}'", settings_.name);
    first_start_ = !saved.has_value();
    for (const auto& progress : parse_progress(saved.value_or(""))) saved_[progress.identity] = progress;
    read_doubts(saved.value_or(""));
    counters_.set_state("following");
    thread_.start([this] { run(); });
    return {};
  }

  void stop() override {
    if (thread_.stop()) counters_.set_state("stopped");
  }

  SourceStatus status() const override { return counters_.status(fmt::format("{}", fmt::join(settings_.paths, ", "))); }

 private:
  void run() {
    if (!learn_what_the_journal_has()) return counters_.connections(0);
    auto next_scan = Clock::time_point{};
    auto next_save = Clock::time_point{};
    auto next_idle_save = Clock::now() + kIdleSaveInterval;
    while (!thread_.stopping()) {
      const auto now = Clock::now();
      if (now >= next_scan) {
        scan();
        next_scan = Clock::now() + settings_.rescan_interval;
      }
      bool more = false;
      for (auto& [identity, file] : files_) {
        if (thread_.stopping()) break;
        more |= read_file(*file);
      }
      drop_finished();
      note_durable();
      if ((dirty_ && now >= next_save) || (now >= next_idle_save && covered_ > saved_covered_)) {
        save();
        next_save = now + kSaveInterval;
        next_idle_save = now + kIdleSaveInterval;
      }
      if (more) continue;
      thread_.rest(settings_.poll_interval);
    }
    if (!pending_.empty()) (void)sink_.wait_durable(pending_.back().position, Deadline::in(2s));
    note_durable();
    // Nothing is in doubt when everything given is durable: then the next start need not look into the journal.
    clean_ = pending_.empty();
    if (!first_scan_) save();
    files_.clear();
    pending_.clear();
    counters_.connections(0);
  }

  // --- what the journal has ---

  // Lines of a checkpoint besides those of files: "journal POSITION" says that the source may have given more behind
  // this position than the checkpoint speaks of, "known GENERATION OFFSET" what of it was found already.
  void read_doubts(std::string_view checkpoint) {
    for (const auto line : split(checkpoint, '\n')) {
      const auto words = split(line, ' ');
      if (words.size() == 2 && words[0] == "journal") {
        if (const auto position = parse_uint64(words[1])) read_back_after_ = Position(*position);
      } else if (words.size() == 3 && words[0] == "known") {
        const auto generation = parse_uint64(words[1]), until = parse_uint64(words[2]);
        if (generation && until) known_until_[*generation] = *until;
      }
    }
  }

  // Lines that were given and are durable, but not in the checkpoint: the process was killed in between. They are not
  // given again. Lines of one content are given in their order, so the last of each says it all.
  // False: stopped meanwhile, and the checkpoint is as good as it was.
  bool learn_what_the_journal_has() {
    covered_ = saved_covered_ = sink_.durable_position();
    if (!read_back_after_) return true;
    auto read = sink_.read_back(*read_back_after_, [this](const journal::EntryView& entry) {
      if (entry.source == settings_.name && known_until_.size() < 2 * settings_.max_files) {
        const auto place = FollowedFile::place_of(entry.item_id);
        auto& known = known_until_[place.generation];
        known = std::max(known, place.offset + 1);
      }
      return !thread_.stopping();
    });
    if (!read)
      log_warning("intake", "source '{}': {}; lines of the last seconds before the stop may come twice",
                  settings_.name, read.error().message());
    return !thread_.stopping();
  }

  // Whether the line that begins at `offset` is in the journal from before the start.
  bool has_journal(const FollowedFile& file, std::uint64_t offset) {
    if (known_until_.empty()) return false;
    const auto known = known_until_.find(FollowedFile::generation_in_identity(file.generation()));
    return known != known_until_.end() && offset < known->second;
  }

  // --- which files ---

  void scan() {
    for (auto& [identity, file] : files_) file->listed = false;
    trouble_.clear();
    bool found_new = false;
    for (const auto& pattern : settings_.paths) {
      glob_t found{};
      const int code = ::glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found);
      if (code == 0)
        for (std::size_t i = 0; i < found.gl_pathc; ++i) found_new |= consider(found.gl_pathv[i]);
      else if (code == GLOB_ABORTED || code == GLOB_NOSPACE)
        trouble_ = fmt::format("cannot list {}", pattern);
      ::globfree(&found);
    }
    // A new file's generation is on disk before its first line is in the journal: lines read again after a crash must
    // be known again. And so is, that there may be lines to be found in the journal.
    if (found_new || first_scan_) save();
    first_start_ = first_scan_ = false;
    counters_.connections(files_.size());
    counters_.set_state("following", trouble_);
  }

  bool excluded(const char* path) const {
    if (is_compressed(path)) return true;
    const std::string name = std::filesystem::path(path).filename().string();
    for (const auto& pattern : settings_.exclude)
      if (::fnmatch(pattern.c_str(), path, 0) == 0 || ::fnmatch(pattern.c_str(), name.c_str(), 0) == 0) return true;
    return false;
  }

  // True when the file is new to us.
  bool consider(const char* path) {
    struct stat info{};
    if (excluded(path) || ::stat(path, &info) != 0 || !S_ISREG(info.st_mode)) return false;
    const FileIdentity identity{info.st_dev, info.st_ino};
    if (const auto known = files_.find(identity); known != files_.end()) {
      known->second->listed = true;
      if (known->second->path() != path) known->second->renamed(path);
      return false;
    }
    if (files_.size() >= settings_.max_files) {
      trouble_ = fmt::format("more than {} files fit the patterns; {} is not followed", settings_.max_files, path);
      return false;
    }
    auto fd = open_file(path, O_RDONLY | O_NONBLOCK);
    if (!fd) {
      trouble_ = fd.error().message();
      return false;
    }
    auto file = std::make_unique<FollowedFile>(path, std::move(*fd), identity);
    const auto saved = saved_.find(identity);
    const bool resumed = saved != saved_.end() && file->resume(saved->second);
    if (saved != saved_.end()) {
      saved_.erase(saved);
      if (!resumed) counters_.noted("replaced_file");
    }
    if (!resumed && first_start_ && !settings_.from_beginning) file->start_at(static_cast<std::uint64_t>(info.st_size));
    (void)file->look();
    files_.emplace(identity, std::move(file));
    dirty_ = true;
    return !resumed;
  }

  // Files that are gone, read to their end, and quiet.
  void drop_finished() {
    const auto now = Clock::now();
    for (auto at = files_.begin(); at != files_.end();) {
      FollowedFile& file = *at->second;
      const bool gone = !file.listed || file.unlinked();
      if (!gone || now - file.quiet_since < kQuietBeforeDrop) {
        ++at;
        continue;
      }
      give_rest(file);
      dirty_ = true;
      at = files_.erase(at);
      counters_.connections(files_.size());
    }
  }

  // --- their lines ---

  // True when there is more to read at once.
  bool read_file(FollowedFile& file) {
    const auto change = file.look();
    if (change == FollowedFile::Change::truncated || change == FollowedFile::Change::replaced) {
      counters_.noted(change == FollowedFile::Change::truncated ? "truncated_file" : "replaced_file");
      save();
    }
    if (file.size() <= file.read_offset()) return false;
    for (int i = 0; i < kMostReadsAtOnce && !thread_.stopping(); ++i) {
      auto got = file.read(buffer_.data(), buffer_.size());
      if (!got) {
        counters_.set_state("following", got.error().message());
        return false;
      }
      const std::size_t used = give_lines(file, std::string_view(buffer_).substr(0, *got), false);
      if (used > 0) file.quiet_since = Clock::now();
      if (used == 0 || *got < buffer_.size()) return false;
    }
    return true;
  }

  void give_rest(FollowedFile& file) {
    (void)file.look();
    const auto got = file.read(buffer_.data(), buffer_.size());
    if (got && *got > 0) give_lines(file, std::string_view(buffer_).substr(0, *got), true);
  }

  // Whole lines at the front of `text`, which lies at the file's read offset, go to the journal. Gives how many bytes
  // that were.
  std::size_t give_lines(FollowedFile& file, std::string_view text, bool at_end) {
    const ReceiveTime now = ReceiveClock::now();
    const auto most = static_cast<std::size_t>(settings_.max_message.count());
    entries_.clear();
    const std::string path = file.path().string();
    std::size_t used = 0;
    std::uint64_t bytes = 0;
    while (used < text.size()) {
      const std::string_view rest = text.substr(used);
      const auto end = rest.find('\n');
      const bool whole = end != std::string_view::npos;
      std::string_view line = rest.substr(0, end);
      std::size_t size = whole ? end + 1 : line.size();
      const bool piece = line.size() > most;
      if (piece) {
        line = line.substr(0, most);
        size = most;
      } else if (!whole && !at_end) {
        break;
      }
      if (!piece && line.ends_with('\r')) line.remove_suffix(1);
      // A writer that does not append leaves a hole of NULs after its file was truncated.
      while (!line.empty() && line.front() == '\0') line.remove_prefix(1);
      if (!line.empty() && has_journal(file, file.read_offset() + used)) {
        counters_.noted("known_lines");
      } else if (!line.empty()) {
        entries_.push_back({.source = settings_.name,
                            .peer = path,
                            .hint = file.in_long_line ? std::string_view("text") : std::string_view(settings_.format),
                            .received_at = now,
                            .read_at = now,
                            .payload = line,
                            .item_id = file.line_identity(file.read_offset() + used)});
        bytes += line.size();
      }
      if (piece && !file.in_long_line) counters_.noted("pieces");
      file.in_long_line = piece;
      used += size;
    }
    if (used == 0) return 0;
    if (!entries_.empty()) {
      const auto position = pusher_.push(entries_);
      if (!position) return 0;  // stopping: read again at the next start
      counters_.received(entries_.size(), bytes, now);
      pending_.push_back({*position, file.identity(), file.generation(), file.read_offset() + used});
    } else if (!known_until_.empty()) {
      pending_.push_back({sink_.durable_position(), file.identity(), file.generation(), file.read_offset() + used});
    }
    file.advance(used);
    return used;
  }

  // --- checkpoints ---

  void note_durable() {
    const Position durable = sink_.durable_position();
    Position last;
    while (!pending_.empty() && pending_.front().position <= durable) {
      const auto& done = pending_.front();
      if (const auto file = files_.find(done.identity); file != files_.end())
        file->second->note_durable(done.generation, done.offset);
      last = done.position;
      pending_.pop_front();
      dirty_ = true;
    }
    // The checkpoint speaks of everything that this source has in the journal up to here.
    covered_ = std::max(covered_, pending_.empty() ? durable : last);
  }

  void save() {
    std::vector<FileProgress> progress;
    for (const auto& [identity, file] : files_) progress.push_back(file->progress());
    // Files that were not seen yet in this run may come back (a file system that is mounted later).
    for (const auto& [identity, saved] : saved_) {
      if (progress.size() >= 2 * settings_.max_files) break;
      progress.push_back(saved);
    }
    std::string text = to_text(progress);
    // What the journal was found to have stays known until the checkpoint has passed it, over any number of crashes.
    for (const auto& one : progress) {
      const auto known = known_until_.find(FollowedFile::generation_in_identity(one.generation));
      if (known == known_until_.end()) continue;
      if (one.offset >= known->second)
        known_until_.erase(known);
      else
        text += fmt::format("known {} {}\n", known->first, known->second);
    }
    if (!clean_) text += fmt::format("journal {}\n", covered_.number());
    if (auto saved = checkpoints_.save(key_, text); !saved) {
      counters_.set_state("following", saved.error().message());
    } else {
      dirty_ = false;
      saved_covered_ = covered_;
    }
  }

  struct Pending {
    Position position;
    FileIdentity identity;
    std::uint64_t generation;
    std::uint64_t offset;
  };

  const FileTailSettings settings_;
  EntrySink& sink_;
  CheckpointStore& checkpoints_;
  const std::string key_;
  SourceCounters counters_;
  SourceThread thread_;
  JournalPusher pusher_;
  std::string buffer_;

  // All below belongs to the thread, once started.
  std::map<FileIdentity, std::unique_ptr<FollowedFile>> files_;
  std::map<FileIdentity, FileProgress> saved_;  // of files not yet found
  std::deque<Pending> pending_;                 // given to the journal, not yet durable
  std::vector<journal::EntryView> entries_;
  std::string trouble_;
  // What the journal has from before the start and the checkpoint does not speak of: by generation (as identities keep
  // it), the place behind the beginning of the last line.
  std::map<std::uint64_t, std::uint64_t> known_until_;
  std::optional<Position> read_back_after_;
  Position covered_, saved_covered_;  // in the journal: what this source gave up to it is in the checkpoint
  bool clean_ = false;                // stopped, and nothing given is in doubt
  bool first_start_ = false, first_scan_ = true;
  bool dirty_ = false;
};

}  // namespace

std::unique_ptr<FileTail> FileTail::create(FileTailSettings settings, EntrySink& sink, CheckpointStore& checkpoints) {
  return std::make_unique<FileTailImpl>(std::move(settings), sink, checkpoints);
}

}  // namespace yagura::intake
