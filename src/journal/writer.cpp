#include "journal/writer.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

#include "base/log.hpp"
#include "journal/storage.hpp"
#include "journal/writer_core.hpp"

namespace yagura::journal {

namespace fs = std::filesystem;

std::string_view to_string(WriterState state) {
  switch (state) {
    case WriterState::running: return "running";
    case WriterState::low_space: return "low_space";
    case WriterState::stalled: return "stalled";
    case WriterState::closed: return "closed";
  }
  return "unknown";
}

namespace {

Result<> check_options(const WriterOptions& options) {
  const auto refuse = [](std::string_view what) {
    return fail(ErrorKind::invalid_input, "journal settings: {}", what);
  };
  if (options.folder.empty()) return refuse("folder is not set");
  if (options.signing_key.empty()) return refuse("signing_key is not set");
  if (options.segment_size < 64_KiB) return refuse("segment_size must be at least 64KiB");
  if (options.block_size < 1_KiB || options.block_size > 16_MiB) return refuse("block_size must be 1KiB to 16MiB");
  if (options.max_entry > 64_MiB) return refuse("max_entry must be at most 64MiB");
  if (options.compression_level < -7 || options.compression_level > 19)
    return refuse("compression_level must be -7 to 19");
  // Whoever copies or steals the folder must not get the key with it.
  std::error_code error;
  // Without an empty last part, which a trailing slash makes.
  const fs::path folder = fs::weakly_canonical(options.folder / "x", error).parent_path();
  const fs::path key = fs::weakly_canonical(options.signing_key, error);
  const auto [in_folder, in_key] = std::ranges::mismatch(folder, key);
  if (in_folder == folder.end()) return refuse("signing_key must lie outside the journal's folder");
  return {};
}

Result<> publish_key(const fs::path& folder, const SigningKey& key) {
  const fs::path path = folder / kPublicKeyFile;
  std::string pem;
  std::error_code error;
  if (fs::exists(path, error)) {
    pem = TRY(read_file(path, 1_MiB));
    const auto keys = PublicKeys::parse(pem);
    if (keys && keys->holds(key.fingerprint())) return {};
    if (keys)
      log_warning("journal", "the signing key is another than before; old parts verify with the old public key in {}",
                  path.string());
  }
  return write_file_atomically(path, pem + key.public_pem());
}

}  // namespace

Result<std::unique_ptr<Writer>> Writer::open(WriterOptions options) {
  TRY(check_options(options));
  std::error_code error;
  fs::create_directories(options.folder, error);
  if (error) return fail_errno(error.value(), "making the journal's folder " + options.folder.string());

  auto lock = TRY(open_file(options.folder / kLockFile, O_RDWR | O_CREAT));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK)
      return fail(ErrorKind::conflict, "the journal {} is in use by another process", options.folder.string());
    return fail_errno(errno, "locking the journal " + options.folder.string());
  }
  auto key = TRY(SigningKey::load_or_create(options.signing_key));
  if (key.created())
    log_info("journal", "made the signing key {}; keep a copy, and keep it off this machine's backups of the data",
             options.signing_key.string());
  TRY(publish_key(options.folder, key), "opening the journal");
  const auto keys = TRY(PublicKeys::load(options.folder / kPublicKeyFile));
  auto recovered = TRY(recover(options.folder, keys), "opening the journal");
  if (!options.storage) options.storage = std::make_shared<Storage>();
  return std::unique_ptr<Writer>(
      new Writer(std::make_shared<Core>(std::move(options), std::move(key), std::move(lock), std::move(recovered))));
}

Writer::Writer(std::shared_ptr<Core> core) : core_(std::move(core)) {}
Writer::~Writer() {
  if (auto closed = close(Deadline::in(10s)); !closed) log_error("journal", "{}", closed.error().message());
}

Result<Position> Writer::append(std::span<const EntryView> entries, Deadline deadline) {
  return core_->append(entries, deadline);
}
Result<> Writer::wait_durable(Position position, Deadline deadline) { return core_->wait_durable(position, deadline); }

Subscription Writer::on_durable(std::function<void(Position)> callback) {
  const std::uint64_t number = core_->feed.subscribe(std::move(callback));
  return Subscription([core = core_, number] { core->feed.unsubscribe(number); });
}

Position Writer::durable_position() const { return core_->feed.durable(); }
Position Writer::appended_position() const { return core_->appended(); }
Head Writer::head() const { return core_->head(); }
std::string Writer::trouble() const { return core_->current_trouble(); }
WriterStatus Writer::status() const { return core_->status(); }
const RecoveryReport& Writer::recovery() const { return core_->recovery; }
const fs::path& Writer::folder() const { return core_->options.folder; }
Result<RetentionReport> Writer::retain(const RetentionPolicy& policy) { return core_->retain(policy); }
Result<> Writer::close(Deadline deadline) { return core_->close(deadline); }

}  // namespace yagura::journal
