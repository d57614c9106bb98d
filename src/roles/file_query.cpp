#include "roles/file_query.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include "base/text.hpp"
#include "engine/engine_supervisor.hpp"
#include "query/make_query_service.hpp"
#include "roles/server_parts.hpp"
#include "roles/server_role.hpp"
#include "roles/workspace_functions.hpp"
#include "store/native_type.hpp"
#include "store/table_layout.hpp"

namespace yagura::roles {

namespace {

namespace fs = std::filesystem;

class TemporaryFolder {
 public:
  static Result<std::unique_ptr<TemporaryFolder>> make(const fs::path& parent) {
    std::error_code error;
    const fs::path base = parent.empty() ? fs::temp_directory_path(error) : parent;
    std::string name = (base / "yagura-query-XXXXXX").string();
    if (error || ::mkdtemp(name.data()) == nullptr)
      return fail(ErrorKind::permission_denied, "cannot make a temporary folder in {}; name another with TMPDIR",
                  base.string());
    return std::unique_ptr<TemporaryFolder>(new TemporaryFolder(name));
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  explicit TemporaryFolder(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

// A Parquet column: how it is called in KQL and read from the file.
struct ParquetColumn {
  event::ColumnSchema schema;
  std::string expression;
};

event::KqlType kql_type_of(const store::NativeType& type, bool& as_json) {
  using Kind = store::NativeType::Kind;
  using event::KqlType;
  switch (type.kind) {
    case Kind::nullable:
    case Kind::low_cardinality: return kql_type_of(type.parts.at(0), as_json);
    case Kind::boolean: return KqlType::boolean;
    case Kind::signed_integer:
      return type.width <= 4 ? KqlType::int32 : type.width == 8 ? KqlType::int64 : KqlType::decimal;
    case Kind::unsigned_integer:
      return type.width <= 2 ? KqlType::int32 : type.width == 4 ? KqlType::int64 : KqlType::decimal;
    case Kind::floating: return KqlType::real;
    case Kind::decimal: return KqlType::decimal;
    case Kind::date:
    case Kind::date32:
    case Kind::datetime:
    case Kind::datetime64: return KqlType::datetime;
    case Kind::uuid: return KqlType::guid;
    case Kind::array:
    case Kind::map:
    case Kind::tuple:
    case Kind::json: as_json = true; return KqlType::dynamic;
    default: return KqlType::string;
  }
}

}  // namespace

struct FileQuery::Impl {
  std::unique_ptr<TemporaryFolder> folder;
  std::unique_ptr<engine::EngineSupervisor> engine;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<WorkspaceFunctions> functions;
  std::shared_ptr<const event::SchemaSet> schemas;
  std::unique_ptr<query::QueryService> service;
  std::vector<std::string> notes;

  Result<> start(const FileQueryOptions& options);
  Result<event::TableSchema> load(files::FileTableOptions table, const FileQueryOptions& options);
  Result<event::TableSchema> load_parquet(const files::FileTableOptions& table);
};

FileQuery::FileQuery(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FileQuery::~FileQuery() = default;
query::QueryService& FileQuery::service() { return *impl_->service; }
const std::vector<std::string>& FileQuery::notes() const { return impl_->notes; }

Result<> FileQuery::Impl::start(const FileQueryOptions& options) {
  folder = TRY(TemporaryFolder::make(options.temporary));
  ServerSettings settings;
  settings.data = folder->path();
  settings.store.engine = options.engine;
  engine = TRY(engine::EngineSupervisor::start({.engine = engine_options(settings, {}, {})}), "starting the engine");
  TRY(engine->wait_until_ready(Deadline::in(120s)), "waiting for the engine");
  store::StoreOptions store_options;
  store_options.workspace = "files";
  store_options.endpoint.unix_socket = engine->engine().unix_socket;
  store_options.endpoint.password = engine->engine().secret;
  store = TRY(store::Store::create(std::move(store_options)));
  return store->open(Deadline::in(60s));
}

Result<event::TableSchema> FileQuery::Impl::load(files::FileTableOptions table, const FileQueryOptions& options) {
  const std::string name = table.name;
  const bool parquet = table.kind ? *table.kind == files::FileKind::parquet
                                  : TRY(files::kind_of_file(table.paths.at(0))) == files::FileKind::parquet;
  if (parquet) return load_parquet(table);
  const auto reader = TRY(files::FileTable::open(std::move(table)));
  TRY(store->make_plain_table(reader->schema(), Deadline::in(60s)));
  std::uint64_t rows = 0, block = 0;
  TRY(reader->read([&](event::TableBatch&& batch) -> Result<> {
    rows += batch.row_count();
    TRY(store->insert(batch, store::DedupToken(fmt::format("{}:{}", name, block++)), Deadline::in(10min)));
    if (options.progress) options.progress(name, rows);
    return {};
  }));
  for (auto& note : reader->notes()) notes.push_back(std::move(note));
  return reader->schema();
}

// The engine reads Parquet itself. The path is ours (a link in our folder), no text of the user's stands in the
// statement.
Result<event::TableSchema> FileQuery::Impl::load_parquet(const files::FileTableOptions& table) {
  event::TableSchema schema;
  schema.name = table.name;
  const std::string target = store::quoted_name(store->database()) + "." + store::quoted_name(table.name);
  for (std::size_t i = 0; i < table.paths.size(); ++i) {
    const auto link = folder->path() / fmt::format("{}-{}.parquet", table.name, i);
    std::error_code error;
    const auto real = fs::canonical(table.paths[i], error);
    if (error) return fail(ErrorKind::not_found, "{}: {}", table.paths[i].string(), error.message());
    fs::create_symlink(real, link, error);
    const std::string source = "file(" + store::quoted_text(link.string()) + ", 'Parquet')";
    auto described = store->command("DESCRIBE TABLE " + source + " FORMAT TabSeparatedRaw", Deadline::in(60s));
    if (!described)
      return fail(ErrorKind::invalid_input, "{} cannot be read as Parquet: {}", table.paths[i].string(),
                  described.error().message().substr(0, 300));
    std::vector<ParquetColumn> columns;
    for (const auto line : split(*described, '\n')) {
      const auto cells = split(line, '\t');
      if (cells.size() < 2) continue;
      const auto type = store::parse_native_type(cells[1]);
      bool as_json = !type.has_value();
      ParquetColumn column;
      column.schema.name = cells[0];
      column.schema.type = type ? kql_type_of(*type, as_json) : event::KqlType::dynamic;
      for (const auto& given : table.columns)
        if (given.name == column.schema.name) column.schema.type = given.type;
      column.expression = as_json ? "toJSONString(" + store::quoted_name(cells[0]) + ")" : store::quoted_name(cells[0]);
      columns.push_back(std::move(column));
    }
    if (i == 0) {
      for (const auto& column : columns) schema.columns.push_back(column.schema);
      TRY(store->make_plain_table(schema, Deadline::in(60s)));
    }
    std::string names, expressions;
    for (const auto& column : columns) {
      if (!schema.find(column.schema.name)) {
        notes.push_back(fmt::format("{}: the column '{}' is not in the first file and is left out",
                                    table.paths[i].string(), column.schema.name));
        continue;
      }
      names += (names.empty() ? "" : ", ") + store::quoted_name(column.schema.name);
      expressions += (expressions.empty() ? "" : ", ") + column.expression;
    }
    TRY(store->command("INSERT INTO " + target + " (" + names + ") SELECT " + expressions + " FROM " + source,
                       Deadline::in(std::chrono::hours(1))),
        "reading {}", table.paths[i].string());
  }
  return schema;
}

Result<std::unique_ptr<FileQuery>> FileQuery::open(FileQueryOptions options) {
  auto impl = std::make_unique<Impl>();
  const auto content = TRY(find_content(options.content));
  const auto known = std::make_shared<const event::SchemaSet>(
      TRY(event::SchemaSet::load(content / "tables"), "reading table schemas"));
  TRY(impl->start(options));
  auto schemas = std::make_shared<event::SchemaSet>();
  auto plain = std::make_shared<std::map<std::string, event::TableSchema, std::less<>>>();
  for (auto& table : options.tables) {
    table.schemas = known;
    auto schema = TRY(impl->load(table, options));
    schemas->put(schema);
    plain->emplace(schema.name, std::move(schema));
  }
  impl->schemas = std::move(schemas);
  impl->functions = TRY(WorkspaceFunctions::open(function_folders(content, options.functions), nullptr, nullptr,
                                                 [schemas = impl->schemas] { return schemas; }));
  impl->service = query::make_query_service(
      *impl->store, {.schemas = [schemas = impl->schemas] { return schemas; },
                     .functions = [functions = impl->functions.get()] { return functions->functions(); },
                     .plain_tables = std::move(plain)});
  return std::unique_ptr<FileQuery>(new FileQuery(std::move(impl)));
}

}  // namespace yagura::roles
