#include "store/store.hpp"

#include <mutex>

#include "base/encoding.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/text.hpp"
#include "net/backoff.hpp"
#include "store/block_stream.hpp"
#include "store/retention.hpp"
#include "store/native_values.hpp"
#include "store/store_error.hpp"

namespace yagura::store {

namespace {

bool is_workspace_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](char c) { return is_ascii_alpha(c) || is_ascii_digit(c) || c == '_'; });
}

void append_parameters(std::string& target, std::string_view prefix, const SqlSettings& values) {
  for (const auto& [name, value] : values) target += fmt::format("&{}{}={}", prefix, percent_encode(name), percent_encode(value));
}

std::string owner_comment(std::string_view owner) { return fmt::format("Yagura workspace of {}", owner); }

// A type without LowCardinality and Nullable: those were decided when the table was made, by another version perhaps.
std::string_view core_of(std::string_view type) {
  for (const std::string_view wrapper : {"LowCardinality(", "Nullable("})
    if (type.starts_with(wrapper)) type = type.substr(wrapper.size(), type.size() - wrapper.size() - 1);
  return type;
}

}  // namespace

DedupToken DedupToken::of_range(std::string_view table, Position first, Position last) {
  return DedupToken(fmt::format("{}:{}-{}", table, first.number(), last.number()));
}

Result<std::unique_ptr<Store>> Store::create(StoreOptions options) {
  if (!is_workspace_name(options.workspace))
    return fail(ErrorKind::invalid_input, "a workspace's name has up to 64 letters, digits and _, not '{}'", options.workspace);
  return std::unique_ptr<Store>(new Store(std::move(options)));
}

Store::Store(StoreOptions options) : options_(std::move(options)) {
  net::HttpClientOptions client;
  client.host = options_.endpoint.host;
  client.port = options_.endpoint.port;
  client.unix_socket = options_.endpoint.unix_socket;
  client.tls = options_.endpoint.tls;
  client.max_idle = 16;
  client_ = net::HttpClient::create(std::move(client));
}

net::HttpRequest Store::request(std::string target) const {
  net::HttpRequest request;
  request.method = "POST";
  request.target = std::move(target);
  request.headers = {{"X-ClickHouse-User", options_.endpoint.user}, {"X-ClickHouse-Key", options_.endpoint.password}};
  return request;
}

Result<std::string> Store::command(std::string_view sql, Deadline deadline, const SqlSettings& parameters, const SqlSettings& settings) {
  std::string target = "/?default_format=TabSeparatedRaw";
  append_parameters(target, "param_", parameters);
  append_parameters(target, "", settings);
  auto request = this->request(std::move(target));
  request.body = sql;
  auto response = TRY(client_->send(request, deadline, 64_MiB), "asking the store");
  if (response.status != 200) return std::unexpected(error_of(response.body, response.status));
  return std::move(response.body);
}

Result<> Store::open(Deadline deadline) {
  if (options_.cluster.replicated()) TRY(check_cluster(deadline));
  const std::string comment = options_.owner.empty() ? "" : " COMMENT " + quoted_text(owner_comment(options_.owner));
  TRY(command("CREATE DATABASE IF NOT EXISTS " + quoted_name(database()) + on_cluster(options_.cluster) + comment, deadline),
      "making the workspace '{}'", options_.workspace);
  if (!options_.owner.empty()) TRY(check_owner(deadline));
  const std::string tables = TRY(command("SELECT name FROM system.tables WHERE database = {database:String}", deadline, {{"database", database()}}),
                                 "listing the tables of '{}'", options_.workspace);
  const std::unique_lock lock(layouts_mutex_);
  for (const auto name : split(tables, '\n'))
    if (!name.empty() && !is_local_name(name)) tables_.emplace(name);
  return {};
}

Result<> Store::check_cluster(Deadline deadline) {
  const std::string& name = options_.cluster.name;
  const std::string clusters = TRY(command("SELECT DISTINCT cluster FROM system.clusters ORDER BY cluster", deadline), "looking for the cluster '{}'", name);
  const auto known = split(trim(clusters), '\n');
  if (std::ranges::find(known, name) == known.end())
    return fail(ErrorKind::not_found, "the ClickHouse server knows no cluster '{}' ('store.clickhouse.cluster'); its <remote_servers> has: {}", name,
                known.empty() || known.front().empty() ? "none" : fmt::format("{}", fmt::join(known, ", ")));
  const std::string macros = TRY(command("SELECT macro FROM system.macros", deadline), "reading the server's macros");
  const auto given = split(trim(macros), '\n');
  for (const std::string_view macro : {"shard", "replica"}) {
    const std::string wanted = fmt::format("{{{}}}", macro);
    if (options_.cluster.path.find(wanted) == std::string::npos && options_.cluster.replica.find(wanted) == std::string::npos) continue;
    if (std::ranges::find(given, macro) == given.end())
      return fail(ErrorKind::not_found, "the ClickHouse server has no macro '{}', which the replicated tables' path {} needs; add it to <macros> on each server",
                  macro, options_.cluster.path);
  }
  return {};
}

Result<> Store::check_owner(Deadline deadline) {
  const std::string comment = TRY(command("SELECT comment FROM system.databases WHERE name = {database:String}", deadline, {{"database", database()}}),
                                  "reading whose workspace '{}' is", options_.workspace);
  const auto found = trim(comment);
  if (found.empty() || found == owner_comment(options_.owner)) return {};
  return fail(ErrorKind::conflict,
              "the workspace '{}' in this ClickHouse belongs to another Yagura server ({}), this one is {}; give each server a 'workspace' of its own",
              options_.workspace, found, owner_comment(options_.owner));
}

bool Store::has_table(std::string_view table) const {
  const std::shared_lock lock(layouts_mutex_);
  return tables_.contains(table);
}

Result<> Store::cancel(std::string_view query_id, Deadline deadline) {
  TRY(command("KILL QUERY WHERE query_id = {query_id:String} ASYNC", deadline, {{"query_id", std::string(query_id)}}), "cancelling a query");
  return {};
}

Result<> Store::ensure_table(const event::TableSchema& schema, Deadline deadline) {
  TableLayout layout = layout_of(schema);
  const bool replicated = options_.cluster.replicated();
  const std::string full_name = quoted_name(database()) + "." + quoted_name(schema.name);
  // The table that holds rows.
  const std::string rows_name = replicated ? quoted_name(database()) + "." + quoted_name(local_name(schema.name)) : full_name;
  for (const auto& create : create_statements(layout, retention_days(&schema, options_.retention_days), database(), options_.cluster))
    TRY(command(create, deadline), "making the table {}", schema.name);

  const std::string present =
      TRY(command("SELECT name, type, default_kind FROM system.columns WHERE database = {database:String} AND table = {table:String}", deadline,
                  {{"database", database()}, {"table", schema.name}}),
          "reading the columns of {}", schema.name);
  std::map<std::string, std::pair<std::string, std::string>, std::less<>> there;
  for (const auto line : split(present, '\n')) {
    const auto cells = split(line, '\t');
    if (cells.size() == 3) there[std::string(cells[0])] = {std::string(cells[1]), std::string(cells[2])};
  }
  std::string additions;
  for (auto& column : layout.columns) {
    const auto found = there.find(column.name);
    if (found == there.end()) {
      additions += fmt::format("{} ADD COLUMN IF NOT EXISTS {}", additions.empty() ? "" : ",", column.definition);
      continue;
    }
    if (core_of(found->second.first) != core_of(column.type))
      return fail(ErrorKind::conflict, "the column {} of the table {} is {} in the store, and the schema now says {}; give it another name, or the table",
                  column.name, schema.name, found->second.first, column.type);
    column.type = found->second.first;
    column.is_alias = found->second.second == "ALIAS";
  }
  TRY(keep_for(rows_name, retention_days(&schema, options_.retention_days), deadline));
  if (!additions.empty()) {
    const std::string where = on_cluster(options_.cluster);
    TRY(command("ALTER TABLE " + rows_name + where + additions, deadline), "adding columns to {}", schema.name);
    if (replicated) TRY(command("ALTER TABLE " + full_name + where + additions, deadline), "adding columns to {}", schema.name);
  }
  const std::unique_lock lock(layouts_mutex_);
  tables_.insert(schema.name);
  layouts_[schema.name] = std::make_shared<const TableLayout>(std::move(layout));
  return {};
}

Result<> Store::make_plain_table(const event::TableSchema& schema, Deadline deadline) {
  TableLayout layout = plain_layout_of(schema);
  std::string create = create_statement(layout, 0);
  const std::string bare = "IF NOT EXISTS " + quoted_name(schema.name);
  create.replace(create.find(bare), bare.size(), quoted_name(database()) + "." + quoted_name(schema.name));
  TRY(command(create, deadline), "making the table {}", schema.name);
  const std::unique_lock lock(layouts_mutex_);
  tables_.insert(schema.name);
  layouts_[schema.name] = std::make_shared<const TableLayout>(std::move(layout));
  return {};
}

Result<> Store::keep_for(const std::string& table, unsigned days, Deadline deadline) {
  const std::string statement = TRY(command("SHOW CREATE TABLE " + table, deadline), "reading the retention of {}", table);
  const bool has_ttl = statement.find("\nTTL ") != std::string::npos || statement.find(" TTL ") != std::string::npos;
  if (days == 0) {
    if (has_ttl) TRY(command("ALTER TABLE " + table + on_cluster(options_.cluster) + " REMOVE TTL", deadline), "keeping {} for ever", table);
    return {};
  }
  if (statement.find(fmt::format("toIntervalDay({})", days)) != std::string::npos) return {};
  // Parts that are there keep their old date of death until they are merged; Retention drops whole days before.
  TRY(command(fmt::format("ALTER TABLE {}{} MODIFY TTL {}", table, on_cluster(options_.cluster), ttl_of(days)), deadline, {}, {{"materialize_ttl_after_modify", "0"}}), "setting the retention of {}", table);
  return {};
}

Result<event::SchemaSet> Store::read_schemas(Deadline deadline) {
  SelectRequest request;
  request.sql = "SELECT table, name, type, comment FROM system.columns WHERE database = {database:String} ORDER BY table, position";
  request.parameters = {{"database", database()}};
  using event::KqlType;
  request.columns = {{"table", KqlType::string, ""}, {"name", KqlType::string, ""}, {"type", KqlType::string, ""}, {"comment", KqlType::string, ""}};
  auto stream = TRY(select(request, deadline));
  std::map<std::string, event::TableSchema> tables;
  while (auto batch = TRY(stream->next())) {
    for (std::size_t row = 0; row < batch->row_count(); ++row) {
      const auto cell = [&](std::size_t column) { return batch->column(column).texts()[row]; };
      if (cell(1) == "_ItemIndex" || cell(1) == "_ItemIdGiven" || is_local_name(cell(0))) continue;
      auto type = event::parse_kql_type(cell(3));
      if (!type) {
        const auto native = parse_native_type(cell(2));
        type = native ? natural_type(*native) : KqlType::dynamic;
      }
      auto& table = tables[std::string(cell(0))];
      table.name = cell(0);
      table.columns.push_back({std::string(cell(1)), *type, ""});
    }
  }
  event::SchemaSet out;
  for (auto& [name, table] : tables) out.put(std::move(table));
  return out;
}

Result<std::shared_ptr<const TableLayout>> Store::layout(std::string_view table) const {
  const std::shared_lock lock(layouts_mutex_);
  const auto found = layouts_.find(table);
  if (found == layouts_.end()) return fail(ErrorKind::not_found, "the table '{}' has not been made in the store", table);
  return found->second;
}

Result<> Store::insert(event::TableBatch& batch, const DedupToken& token, Deadline deadline) {
  static Counter& bytes = metrics().counter("yagura_store_sent_bytes_total", "Bytes of Native blocks sent to the store");
  if (batch.row_count() == 0) return {};
  const auto layout = TRY(this->layout(batch.table()));
  const auto columns = TRY(plan_insert(batch, *layout));
  std::string names;
  for (const auto& column : columns) names += (names.empty() ? "" : ", ") + quoted_name(column.name);
  const std::string sql = fmt::format("INSERT INTO {}.{} ({}) FORMAT Native", quoted_name(database()), quoted_name(batch.table()), names);
  // The index is built by merges; one block stays one block, or its token would not name it.
  std::string target = "/?query=" + percent_encode(sql) + "&insert_deduplicate=1&insert_deduplication_token=" + percent_encode(token.text()) +
                       "&materialize_skip_indexes_on_insert=0&max_partitions_per_insert_block=0&async_insert=0&max_insert_block_size=10000000"
                       "&min_insert_block_size_rows=0&min_insert_block_size_bytes=0";
  append_parameters(target, "", insert_settings(options_.cluster));
  auto request = this->request(std::move(target));
  write_native_block(request.body, batch, columns);
  bytes.add(request.body.size());
  auto response = TRY(client_->send(request, deadline, 1_MiB), "inserting into {}", batch.table());
  if (response.status != 200) {
    auto error = error_of(response.body, response.status);
    error.add_context(fmt::format("inserting {} rows into {}", batch.row_count(), batch.table()));
    return std::unexpected(std::move(error));
  }
  return {};
}

Result<std::unique_ptr<BlockStream>> Store::select(const SelectRequest& asked, Deadline deadline) {
  std::string target = "/?default_format=Native&readonly=1&output_format_native_write_json_as_string=1&database=" + percent_encode(database());
  auto time = asked.max_time.count() > 0 ? asked.max_time : deadline.is_never() ? std::chrono::milliseconds(0) : deadline.left();
  if (time.count() > 0) target += fmt::format("&max_execution_time={:.3f}&timeout_before_checking_execution_speed=0", static_cast<double>(std::max<std::int64_t>(time.count(), 1)) / 1000);
  if (asked.max_memory.count() > 0) target += fmt::format("&max_memory_usage={}", asked.max_memory.count());
  if (asked.max_rows_to_read > 0) target += fmt::format("&max_rows_to_read={}", asked.max_rows_to_read);
  if (!asked.query_id.empty()) target += "&query_id=" + percent_encode(asked.query_id);
  append_parameters(target, "param_", asked.parameters);
  append_parameters(target, "", select_settings(options_.cluster));
  append_parameters(target, "", asked.settings);
  auto request = this->request(std::move(target));
  request.body = asked.sql;
  auto stream = TRY(client_->open(request, deadline), "asking the store");
  return open_block_stream(std::move(stream), asked.columns, deadline);
}

Result<> Inserter::insert(event::TableBatch& batch, const DedupToken& token, Deadline deadline) {
  net::Backoff backoff(std::chrono::milliseconds(100), std::chrono::seconds(1));
  while (true) {
    auto inserted = store_.insert(batch, token, deadline);
    if (inserted || inserted.error().kind() != ErrorKind::unavailable || deadline.passed()) return inserted;
    const auto wait = std::min(backoff.next(), deadline.left());
    log_debug("store", "{}; again in {}", inserted.error().message(), format_duration(wait));
    std::this_thread::sleep_for(wait);
  }
}

}  // namespace yagura::store
