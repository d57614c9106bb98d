#include "roles/local_query.hpp"

#include <boost/json.hpp>

#include "base/file.hpp"
#include "base/json_writer.hpp"
#include "engine/engine_supervisor.hpp"
#include "query/make_query_service.hpp"
#include "roles/server_parts.hpp"
#include "roles/server_role.hpp"
#include "roles/workspace_functions.hpp"

namespace yagura::roles {

struct LocalQuery::Impl {
  FileDescriptor lock;
  std::shared_ptr<const event::SchemaSet> schemas;
  std::unique_ptr<engine::EngineSupervisor> engine;
  std::unique_ptr<control::ControlDb> control;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<WorkspaceFunctions> functions;
  std::unique_ptr<query::QueryService> service;
};

LocalQuery::LocalQuery(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LocalQuery::~LocalQuery() = default;
query::QueryService& LocalQuery::service() { return *impl_->service; }

Result<std::unique_ptr<LocalQuery>> LocalQuery::open(const ServerSettings& given) {
  ServerSettings settings = given;
  settings.data = std::filesystem::absolute(settings.data);
  if (!std::filesystem::is_directory(settings.data / "store"))
    return fail(ErrorKind::not_found, "{} is no data folder of Yagura (it has no folder 'store')", settings.data.string());
  auto impl = std::make_unique<Impl>();
  impl->lock = TRY(lock_folder(settings.data));
  const auto content = TRY(find_content(settings.content));
  auto schemas = TRY(event::SchemaSet::load(content / "tables"), "reading table schemas");
  if (std::filesystem::exists(settings.data / "control.db")) {
    impl->control = TRY(control::ControlDb::open(settings.data / "control.db"));
    for (const auto& table : TRY(impl->control->custom_tables().list())) schemas.put(TRY(event::parse_table_schema(table.schema_json, table.name)));
  }
  impl->schemas = std::make_shared<const event::SchemaSet>(std::move(schemas));
  impl->engine = TRY(engine::EngineSupervisor::start({.engine = engine_options(settings, {}, {})}), "starting the store's engine");
  TRY(impl->engine->wait_until_ready(Deadline::in(120s)), "waiting for the store's engine");
  store::StoreOptions options;
  options.workspace = settings.workspace;
  options.endpoint.unix_socket = impl->engine->engine().unix_socket;
  options.endpoint.password = impl->engine->engine().secret;
  impl->store = TRY(store::Store::create(std::move(options)));
  TRY(impl->store->open(Deadline::in(60s)), "opening the store");
  impl->functions = TRY(WorkspaceFunctions::open(function_folders(content, settings.query.functions), impl->control.get(), impl->store.get(), [schemas = impl->schemas] { return schemas; }));
  impl->service = query::make_query_service(
      *impl->store, {.schemas = [schemas = impl->schemas] { return schemas; }, .functions = [functions = impl->functions.get()] { return functions->functions(); }});
  return std::unique_ptr<LocalQuery>(new LocalQuery(std::move(impl)));
}

Result<std::optional<LocalServer>> find_local_server(const std::filesystem::path& data) {
  // Whoever gets the lock has found no server.
  if (auto lock = lock_folder(data)) return std::nullopt;
  else if (lock.error().kind() != ErrorKind::conflict) return std::unexpected(lock.error());
  const auto text = TRY(read_file(data / "server.json", 64_KiB), "reading where the server on {} answers", data.string());
  boost::system::error_code error;
  const auto root = boost::json::parse(text, error);
  if (error || !root.is_object()) return fail(ErrorKind::corrupt, "{}/server.json is damaged; restart the server", data.string());
  try {
    const auto& object = root.get_object();
    return LocalServer{std::string(object.at("host").as_string()), static_cast<std::uint16_t>(object.at("port").to_number<int>()),
                       std::string(object.at("token").as_string())};
  } catch (const std::exception&) {
    return fail(ErrorKind::corrupt, "{}/server.json is damaged; restart the server", data.string());
  }
}

Result<> write_local_server(const std::filesystem::path& data, const LocalServer& server) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().key("host").text(server.host).key("port").number(static_cast<std::uint64_t>(server.port)).key("token").text(server.token).end_object();
  return write_file_atomically(data / "server.json", text, 0600);
}

}  // namespace yagura::roles
