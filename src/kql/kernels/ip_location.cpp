// geo_info_from_ip_address(): where an address is, from a MaxMind DB file (GeoLite2 City, or another with the same fields).
// https://learn.microsoft.com/kusto/query/geo-info-from-ip-address-function
//
// No such file comes with Yagura. It is looked for where geoipupdate and Debian put it; a newer file is taken up by the next
// query. Without one a query that needs it fails and says where to put it: null for every address would look like an answer.
#include <maxminddb.h>
#include <sys/stat.h>

#include <cstdlib>
#include <cstring>
#include <mutex>

#include "kql/kernels/conversion.hpp"
#include "kql/kernels/ip_address.hpp"
#include "kql/kernels/json.hpp"
#include "kql/kernels/kernel.hpp"

namespace yagura::kql {
namespace {

constexpr const char* kPlaces[] = {
    "/var/lib/yagura/GeoLite2-City.mmdb", "/var/lib/GeoIP/GeoLite2-City.mmdb",   "/usr/share/GeoIP/GeoLite2-City.mmdb",
    "/var/lib/GeoIP/GeoIP2-City.mmdb",    "/var/lib/GeoIP/dbip-city-lite.mmdb", "/usr/local/share/GeoIP/GeoLite2-City.mmdb"};

class Database {
 public:
  explicit Database(const char* path) { open_ = MMDB_open(path, MMDB_MODE_MMAP, &mmdb_) == MMDB_SUCCESS; }
  ~Database() {
    if (open_) MMDB_close(&mmdb_);
  }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  bool is_open() const { return open_; }

  // JSON; empty when the file knows nothing of the address.
  std::string find(const std::string& ip) const {
    int address_error = 0, error = 0;
    auto found = MMDB_lookup_string(&mmdb_, ip.c_str(), &address_error, &error);
    if (address_error != 0 || error != MMDB_SUCCESS || !found.found_entry) return {};
    std::string out = "{";
    const auto text = [&](const char* name, auto... path) {
      MMDB_entry_data_s data;
      if (MMDB_get_value(&found.entry, &data, path..., nullptr) != MMDB_SUCCESS || !data.has_data || data.type != MMDB_DATA_TYPE_UTF8_STRING) return;
      member(out, name);
      json::append_quoted(out, {data.utf8_string, data.data_size});
    };
    const auto number = [&](const char* name, auto... path) {
      MMDB_entry_data_s data;
      if (MMDB_get_value(&found.entry, &data, path..., nullptr) != MMDB_SUCCESS || !data.has_data || data.type != MMDB_DATA_TYPE_DOUBLE) return;
      member(out, name);
      event::Column one(Type::real);
      one.append_real(data.double_value);
      append_json_of(out, Operand(one, true), 0);
    };
    text("country", "country", "names", "en");
    text("state", "subdivisions", "0", "names", "en");
    text("city", "city", "names", "en");
    number("latitude", "location", "latitude");
    number("longitude", "location", "longitude");
    return out.size() > 1 ? out + "}" : std::string();
  }

 private:
  static void member(std::string& out, const char* name) {
    if (out.size() > 1) out += ',';
    out += '"';
    out += name;
    out += "\":";
  }
  MMDB_s mmdb_{};
  bool open_ = false;
};

// The file as it is now; the last one stays open as long as a query has it.
std::shared_ptr<const Database> current() {
  static std::mutex mutex;
  static std::shared_ptr<const Database> open;
  static std::pair<std::string, std::int64_t> known;
  const std::lock_guard lock(mutex);
  std::vector<std::string> places(std::begin(kPlaces), std::end(kPlaces));
  if (const char* own = std::getenv("YAGURA_GEOIP_DATABASE"); own != nullptr && *own != '\0') places.insert(places.begin(), own);
  for (const auto& path : places) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) continue;
    const std::pair<std::string, std::int64_t> now{path, status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec};
    if (open != nullptr && now == known) return open;
    auto next = std::make_shared<const Database>(path.c_str());
    if (!next->is_open()) continue;
    open = next;
    known = now;
    return open;
  }
  return nullptr;
}

std::shared_ptr<const void> prepare(const BoundExpression&) { return current(); }

void locate(KernelCall& call) {
  const auto* database = static_cast<const Database*>(call.state);
  for (std::size_t row = 0; row < call.rows; ++row) {
    const auto text = text_of(call[0], row, call.arena);
    if (!parse_ip4(text) && !parse_ip6(text)) {
      call.put_null();
      continue;
    }
    if (database == nullptr) {
      call.error = std::string("geo_info_from_ip_address: there is no GeoIP database; put GeoLite2-City.mmdb into ") + "/var/lib/GeoIP, or name one in YAGURA_GEOIP_DATABASE";
      return;
    }
    const auto found = database->find(std::string(text.substr(0, text.find('/'))));
    call.put(Json{call.arena.copy(found)});
  }
}

// As if it were another value each time: a file may have come since the query was prepared, and a literal must not fail then.
constexpr Kernel kKernels[] = {{.name = "geo_info_from_ip_address", .run = locate, .prepare = prepare, .is_volatile = true}};

}  // namespace

std::span<const Kernel> ip_location_kernels() { return kKernels; }

}  // namespace yagura::kql
