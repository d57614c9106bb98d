#include "cluster/host_folder.hpp"

#include <boost/json.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/encoding.hpp"
#include "base/guid.hpp"
#include "base/hash.hpp"
#include "base/json_writer.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "fleet/certificate_authority.hpp"
#include "fleet/host_signature.hpp"
#include "fleet/identity.hpp"

namespace yagura::cluster {

namespace {

constexpr std::chrono::seconds kCertificateValidity = std::chrono::hours(24 * 365 * 5);
constexpr std::int64_t kTokenTicks = kTicksPerDay;
constexpr std::size_t kMostTokens = 32;

std::int64_t now_ticks() { return ReceiveClock::now().time_since_epoch().count(); }
std::string now_text() { return format_datetime(now_ticks()).substr(0, 19) + "Z"; }
std::string hash_text(std::string_view text) { return to_hex(as_text(sha256(text))); }

Result<boost::json::object> object_of(std::string_view text, std::string_view what) {
  boost::system::error_code error;
  auto value = boost::json::parse(text, error);
  if (error || !value.is_object()) return fail(ErrorKind::invalid_input, "{} is no JSON object", what);
  return std::move(value.get_object());
}
std::string text_of(const boost::json::object& object, std::string_view key) {
  const auto* field = object.if_contains(key);
  return field != nullptr && field->is_string() ? std::string(std::string_view(field->get_string())) : std::string();
}

std::string to_json(const ThisHost& host) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("name").text(host.name).key("listen").text(to_text(host.listen));
  json.key("address").text(to_text(host.address)).key("serial").text(host.serial).end_object();
  return out;
}

}  // namespace

HostFolder::HostFolder(forward::AgentFiles files) : files_(std::move(files)), plans_(files_.action_plans()) {}

bool HostFolder::joined() const {
  std::error_code error;
  // Who may not look must not take it for a host of its own, and change it alone.
  return std::filesystem::exists(folder() / "host.json", error) || error == std::errc::permission_denied;
}

bool HostFolder::has_authority() const {
  std::error_code ignored;
  return std::filesystem::exists(folder() / "ca" / "agent-ca.key", ignored);
}

Result<ThisHost> HostFolder::host() const {
  auto text = read_file(folder() / "host.json", 64_KiB);
  if (!text && text.error().kind() == ErrorKind::not_found)
    return fail(ErrorKind::not_found,
                "this host belongs to no cluster: yagura forwarder cluster init on the first host, join on the others");
  const auto object = TRY(object_of(TRY(std::move(text)), (folder() / "host.json").string()));
  return ThisHost{.name = text_of(object, "name"),
                  .listen = TRY(parse_endpoint(text_of(object, "listen"))),
                  .address = TRY(parse_endpoint(text_of(object, "address"))),
                  .serial = text_of(object, "serial")};
}

Result<Members> HostFolder::members() const {
  return TRY(Members::from_json(TRY(read_file(folder() / "members.json", 1_MiB))), "reading {}",
             (folder() / "members.json").string());
}

Result<> HostFolder::set_members(const Members& members) const {
  return write_file_atomically(folder() / "members.json", members.to_json() + "\n");
}

Result<std::shared_ptr<const net::TlsContext>> HostFolder::client_tls() const {
  return net::TlsContext::client(
      {.ca = authority(), .certificate = identity(), .private_key = identity(), .system_ca = false});
}

Result<std::shared_ptr<const net::TlsContext>> HostFolder::server_tls() const {
  return net::TlsContext::server(
      {.certificate = identity(), .private_key = identity(), .client_ca = authority(), .client_optional = true});
}

Result<FileDescriptor> HostFolder::lock() const {
  std::error_code error;
  std::filesystem::create_directories(files_.lock().parent_path(), error);
  if (error) return fail_errno(error.value(), "making the folder " + files_.lock().parent_path().string());
  auto lock = TRY(open_file(files_.lock(), O_RDWR | O_CREAT, 0640));
  if (::flock(lock.get(), LOCK_EX) != 0) return fail_errno(errno, "locking " + files_.lock().string());
  return lock;
}

Result<> HostFolder::audit(std::string_view who, std::string_view command, std::string_view detail,
                           std::string_view outcome) const {
  return forward::append_audit(files_.audit(), {.user_id = ::geteuid(), .name = std::string(who)}, command, detail, outcome);
}

forward::ConfigurationSigner HostFolder::signer() const {
  return {.sign = [this](std::string_view bytes) { return fleet::sign_as_host(identity(), bytes).value_or(""); },
          .check =
              [this](std::string_view bytes, std::string_view signature) {
                const auto pem = read_file(authority(), 64_KiB);
                return pem && fleet::check_host_signature(*pem, bytes, signature);
              }};
}

Result<forward::ForwarderConfiguration> HostFolder::read(std::string_view document) const {
  const auto keys = signer();
  return forward::from_document(document, &keys);
}

Result<> HostFolder::create(ThisHost host) {
  if (joined()) return fail(ErrorKind::conflict, "this host belongs to a cluster already; 'yagura forwarder cluster leave' first");
  const auto held = TRY(lock());
  std::error_code error;
  std::filesystem::create_directories(folder() / "ca", error);
  if (error) return fail_errno(error.value(), "making the folder " + folder().string());
  std::filesystem::permissions(folder(), std::filesystem::perms::owner_all, error);
  const auto made = TRY(fleet::CertificateAuthority::open(folder() / "ca"));
  const auto key = TRY(fleet::make_key_request(host.name));
  const auto issued = TRY(made->sign_host(key.request_pem, host.name, {host.address.host}, kCertificateValidity));
  TRY(fleet::write_identity(identity(), issued.pem, key.private_key_pem));
  TRY(write_file_atomically(authority(), made->certificate_pem()));
  host.serial = issued.serial;
  Members members;
  members.merge({{.name = host.name, .address = host.address, .serial = host.serial, .joined_at = now_text(), .removed_at = {}}});
  TRY(set_members(members));
  if (auto text = read_file(files_.global(), 1_MiB)) {
    // What the host had becomes the cluster's: the others take only what is signed.
    const auto own = TRY(forward::from_document(*text), "reading {}", files_.global().string());
    const auto keys = signer();
    TRY(write_file_atomically(files_.global(), forward::to_document(own, &keys)));
  }
  return write_file_atomically(folder() / "host.json", to_json(host) + "\n");
}

Result<std::string> HostFolder::make_token() {
  if (!has_authority())
    return fail(ErrorKind::not_found, "join tokens are made on the host that made the cluster; this one has no authority's key");
  const auto held = TRY(lock());
  const auto made = TRY(fleet::CertificateAuthority::open(folder() / "ca"));
  const std::string token = "yht_" + random_token();
  boost::json::array kept;
  if (const auto text = read_file(folder() / "tokens.json", 64_KiB)) {
    boost::system::error_code error;
    const auto value = boost::json::parse(*text, error);
    if (!error && value.is_array())
      for (const auto& one : value.get_array())
        if (one.is_object() && one.get_object().contains("until") && one.get_object().at("until").is_int64() &&
            one.get_object().at("until").get_int64() > now_ticks())
          kept.push_back(one);
  }
  while (kept.size() >= kMostTokens) kept.erase(kept.begin());
  kept.push_back(boost::json::object{{"hash", hash_text(token)}, {"until", now_ticks() + kTokenTicks}});
  TRY(write_file_atomically(folder() / "tokens.json", boost::json::serialize(kept) + "\n", 0600));
  return token + "." + made->fingerprint();
}

Result<std::string> HostFolder::admit(std::string_view body) {
  const auto request = TRY(object_of(body, "the join request"));
  const std::string token = text_of(request, "token"), name = text_of(request, "name");
  bool known = false;
  if (const auto text = read_file(folder() / "tokens.json", 64_KiB)) {
    boost::system::error_code error;
    const auto value = boost::json::parse(*text, error);
    if (!error && value.is_array())
      for (const auto& one : value.get_array())
        if (one.is_object() && equal_constant_time(text_of(one.get_object(), "hash"), hash_text(token))) {
          const auto* until = one.get_object().if_contains("until");
          known = known || (until != nullptr && until->is_int64() && until->get_int64() > now_ticks());
        }
  }
  if (!known) return fail(ErrorKind::unauthenticated, "the join token is not known here, or its day is over");
  if (!good_name(name)) return fail(ErrorKind::invalid_input, "a host's name has letters, digits, '-', '_' and '.', at most 64");
  const auto address = TRY(parse_endpoint(text_of(request, "address")));
  const auto held = TRY(lock());
  auto members = TRY(this->members());
  if (members.living(name) != nullptr)
    return fail(ErrorKind::conflict, "the cluster has a host {} already; 'yagura forwarder cluster remove {}' there first, or join with another --name", name, name);
  if (members.living().size() >= kMostMembers)
    return fail(ErrorKind::exhausted, "the cluster has {} hosts, the most that one can have", kMostMembers);
  const auto made = TRY(fleet::CertificateAuthority::open(folder() / "ca"));
  const auto issued = TRY(made->sign_host(text_of(request, "request"), name, {address.host}, kCertificateValidity));
  members.merge({{.name = name, .address = address, .serial = issued.serial, .joined_at = now_text(), .removed_at = {}}});
  TRY(set_members(members));
  TRY(audit(name, "cluster join", to_text(address), "done"));
  const auto [configuration, document] = TRY(global());
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("certificate").text(issued.pem).key("serial").text(issued.serial);
  json.key("members").text(members.to_json());
  json.key("document").text(configuration.generation == 0 ? std::string() : document).end_object();
  return out;
}

Result<HostFolder::Joining> HostFolder::begin_join(const ThisHost& host, std::string_view token) const {
  if (joined()) return fail(ErrorKind::conflict, "this host belongs to a cluster already; 'yagura forwarder cluster leave' first");
  auto key = TRY(fleet::make_key_request(host.name));
  Joining out{.body = {}, .private_key = std::move(key.private_key_pem)};
  JsonWriter json(out.body);
  json.begin_object().key("token").text(token).key("name").text(host.name);
  json.key("address").text(to_text(host.address)).key("request").text(key.request_pem).end_object();
  return out;
}

Result<> HostFolder::finish_join(ThisHost host, const Joining& joining, std::string_view authority_pem, std::string_view answer) {
  const auto object = TRY(object_of(answer, "the answer to the join request"));
  const auto held = TRY(lock());
  std::error_code error;
  std::filesystem::create_directories(folder(), error);
  if (error) return fail_errno(error.value(), "making the folder " + folder().string());
  std::filesystem::permissions(folder(), std::filesystem::perms::owner_all, error);
  host.serial = text_of(object, "serial");
  TRY(fleet::write_identity(identity(), text_of(object, "certificate"), joining.private_key));
  TRY(write_file_atomically(authority(), authority_pem));
  TRY(set_members(TRY(Members::from_json(text_of(object, "members")))));
  std::string document = text_of(object, "document");
  const bool had_one = std::filesystem::exists(files_.global(), error);
  if (!document.empty())
    TRY(read(document), "taking the cluster's configuration");
  else if (had_one)
    document = forward::to_document(forward::ForwarderConfiguration());
  if (!document.empty()) {
    TRY(write_file_atomically(files_.global(), document));
    TRY(write_file_atomically(files_.local_copy(), document));
  }
  return write_file_atomically(folder() / "host.json", to_json(host) + "\n");
}

Result<> HostFolder::remove_member(std::string_view name) {
  const auto held = TRY(lock());
  auto members = TRY(this->members());
  const auto* found = members.living(name);
  if (found == nullptr) {
    std::string names;
    for (const auto& one : members.living()) names += (names.empty() ? "" : ", ") + one.name;
    return fail(ErrorKind::not_found, "the cluster has no host '{}'; it has {}", utf8::repaired(name.substr(0, 100)), names);
  }
  auto gone = *found;
  gone.removed_at = now_text();
  members.merge({gone});
  return set_members(members);
}

Result<> HostFolder::forget() {
  const auto held = TRY(lock());
  std::error_code error;
  // This first: whatever happens then, the host belongs to none.
  std::filesystem::remove(folder() / "host.json", error);
  if (error) return fail_errno(error.value(), "taking away " + (folder() / "host.json").string());
  std::filesystem::remove_all(folder(), error);
  if (error) return fail_errno(error.value(), "taking away " + folder().string());
  return {};
}

Result<std::pair<forward::ForwarderConfiguration, std::string>> HostFolder::global() const {
  auto text = read_file(files_.global(), 1_MiB);
  if (!text && text.error().kind() == ErrorKind::not_found)
    return std::pair(forward::ForwarderConfiguration(), forward::to_document({}));
  auto document = TRY(std::move(text));
  auto configuration = TRY(forward::from_document(document), "reading {}", files_.global().string());
  return std::pair(std::move(configuration), std::move(document));
}

ActingAsOwner::ActingAsOwner(const std::filesystem::path& data) {
  struct stat info{};
  if (::geteuid() != 0 || ::stat(data.c_str(), &info) != 0 || info.st_uid == 0) return;
  acting_ = ::setegid(info.st_gid) == 0 && ::seteuid(info.st_uid) == 0;
}

ActingAsOwner::~ActingAsOwner() {
  if (acting_ && (::seteuid(0) != 0 || ::setegid(0) != 0)) log_error("cluster", "becoming root again did not work");
}

}  // namespace yagura::cluster
