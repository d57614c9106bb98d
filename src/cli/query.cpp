// yagura query: KQL from the shell, against a server or a data folder.
#include <boost/json.hpp>

#include <filesystem>
#include <iostream>

#include "base/file.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/file_sources.hpp"
#include "cli/remote_query.hpp"
#include "cli/result_printer.hpp"
#include "roles/file_query.hpp"
#include "roles/local_query.hpp"

namespace yagura::cli {

namespace {

struct QueryOptions {
  std::string text;
  std::string file;
  FileSourceOptions from;
  std::string data = "data";
  std::string content;
  std::string workspace = "default";
  std::string server;
  std::string token_file;
  std::string ca;
  std::string format = "table";
  std::string timespan;
  std::string timeout = "4m";
  std::int64_t max_rows = 500'000;
  bool insecure = false;
  bool stats = false;
};

Result<std::string> text_of(const QueryOptions& options, Console& console) {
  if (!options.file.empty()) return read_file(options.file, 4_MiB);
  if (options.text != "-") return options.text;
  return std::string(std::istreambuf_iterator<char>(console.in), {});
}

Result<ResultFormat> format_of(const std::string& name) {
  if (name == "table") return ResultFormat::table;
  if (name == "csv") return ResultFormat::csv;
  if (name == "json") return ResultFormat::json;
  if (name == "jsonl") return ResultFormat::jsonl;
  return fail(ErrorKind::invalid_input, "unknown format '{}'; expected table, csv, json or jsonl", name);
}

Result<query::QueryRequest> request_of(const QueryOptions& options, Console& console) {
  query::QueryRequest request;
  request.text = TRY(text_of(options, console), "reading the query");
  request.limits.timeout = TRY(parse_duration(options.timeout));
  request.limits.max_rows = static_cast<std::uint64_t>(std::max<std::int64_t>(1, options.max_rows));
  request.limits.may_lift_truncation = true;  // the printer keeps no rows
  if (options.timespan.empty()) return request;
  const auto now = ReceiveClock::now().time_since_epoch().count();
  const auto slash = options.timespan.find('/');
  if (slash == std::string::npos) {
    request.from_ticks = now - std::chrono::duration_cast<Ticks>(TRY(parse_duration(options.timespan))).count();
    return request;
  }
  request.from_ticks = parse_iso8601(options.timespan.substr(0, slash));
  request.to_ticks = parse_iso8601(options.timespan.substr(slash + 1));
  if (!request.from_ticks || !request.to_ticks)
    return fail(ErrorKind::invalid_input, "'{}' is no time span; expected a duration such as 24h, or FROM/TO such as 2026-01-01/2026-01-02T12:00Z", options.timespan);
  return request;
}

// Over files, or over nothing (print, range, datatable): an engine of our own, for the time of this query.
Result<query::QueryOutcome> ask_files(const QueryOptions& options, query::QueryRequest request, query::RowSink& sink, Console& console) {
  if (!options.server.empty()) return fail(ErrorKind::invalid_input, "--from and --server exclude each other: files are read here");
  set_log(LogLevel::warning, LogFormat::automatic);
  const auto sources = TRY(FileSources::open(options.from, console.in));
  roles::FileQueryOptions files;
  files.tables = sources->tables();
  files.content = options.content;
  files.temporary = options.from.temporary;
  files.engine.memory = TRY(Bytes::parse(options.from.memory));
  request.limits.max_memory = Bytes(files.engine.memory.count() / 4 * 3);
  const auto opened = TRY(roles::FileQuery::open(std::move(files)));
  auto outcome = opened->service().run(request, sink);
  for (const auto& note : opened->notes()) outcome.notices.push_back(note);
  return outcome;
}

Result<query::QueryOutcome> ask(const QueryOptions& options, const query::QueryRequest& request, query::RowSink& sink, Console& console) {
  if (!options.from.from.empty()) return ask_files(options, request, sink, console);
  if (!options.server.empty()) {
    const auto server = TRY(remote_server(options.server, options.token_file, options.ca, !options.insecure));
    return run_remote(server, options.workspace, request, sink);
  }
  // A query without tables needs no data; one that names a table learns why it is not there.
  std::error_code ignored;
  if (!std::filesystem::exists(options.data, ignored)) {
    auto outcome = TRY(ask_files(options, request, sink, console));
    if (outcome.failure && outcome.failure->error.message().find("known table") != std::string::npos)
      outcome.notices.push_back(fmt::format("there is no data folder '{}': --data names another, --server asks a server, --from TABLE=FILE reads files", options.data));
    return outcome;
  }
  if (const auto running = TRY(roles::find_local_server(options.data)))
    return run_remote({.host = running->host, .port = running->port, .token = running->token}, options.workspace, request, sink);
  roles::ServerSettings settings;
  settings.data = options.data;
  settings.content = options.content;
  settings.workspace = options.workspace;
  set_log(LogLevel::warning, LogFormat::automatic);
  const auto local = TRY(roles::LocalQuery::open(settings));
  return local->service().run(request, sink);
}

Result<ExitCode> run_query(const QueryOptions& options, Console& console) {
  const auto format = TRY(format_of(options.format));
  const auto request = TRY(request_of(options, console));
  ResultPrinter printer(console.out, format, console.colours);
  const auto outcome = TRY(ask(options, request, printer, console));
  if (outcome.failure)
    console.err << outcome.failure->error.message() << '\n';
  else
    printer.finish();
  for (const auto& notice : outcome.notices) console.err << "note: " << notice << '\n';
  if (outcome.failure) return code_of(outcome.failure->error);
  if (options.stats)
    console.err << fmt::format("{} rows in {:.1f} ms (compiled in {:.1f} ms; {} rows, {} read)\n", printer.row_count(),
                               static_cast<double>(outcome.stats.total.count()) / 1e3, static_cast<double>(outcome.stats.compile.count()) / 1e3,
                               outcome.stats.rows_read, to_string(Bytes(outcome.stats.bytes_read)));
  return ExitCode::done;
}

}  // namespace

void add_query(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<QueryOptions>();
  auto* command = app.add_subcommand("query", "Ask in KQL, of a server, a data folder, or files");
  command->add_option("text", options->text, "The query; - reads standard input");
  command->add_option("--file,-f", options->file, "Read the query from a file");
  add_file_options(*command, options->from);
  command->add_option("--data", options->data, "Data folder; asks the server that runs on it, or opens it when none does")->capture_default_str();
  command->add_option("--server", options->server, "URL of a server, such as https://siem.example.net:8443");
  command->add_option("--token-file", options->token_file, "File with the API token; default: the environment variable YAGURA_TOKEN");
  command->add_option("--ca", options->ca, "PEM file that the server's certificate is checked against");
  command->add_flag("--insecure", options->insecure, "Do not check the server's certificate");
  command->add_option("--workspace", options->workspace, "Workspace")->capture_default_str();
  command->add_option("--format", options->format, "table, csv, json or jsonl")->capture_default_str();
  command->add_option("--timespan", options->timespan, "Only rows of this time: 24h, or FROM/TO");
  command->add_option("--timeout", options->timeout, "Give up after")->capture_default_str();
  command->add_option("--max-rows", options->max_rows, "Cut the result there")->capture_default_str();
  command->add_option("--content", options->content, "Folder of table schemas (with --data)");
  command->add_flag("--stats", options->stats, "Say how long it took and what was read");
  command->footer("Examples:\n  yagura query \"Syslog | where TimeGenerated > ago(1h) | summarize count() by ProcessName\"\n"
                  "  yagura query -f hunt.kql --server https://siem.example.net:8443 --format csv\n"
                  "  yagura query 'T | summarize count() by level' --from T=app.jsonl --from T='old/*.jsonl.gz'\n"
                  "  zcat auth.log.gz | yagura query 'Syslog | where SyslogMessage has \"Failed\"' --from Syslog=-\n"
                  "  echo 'print now()' | yagura query -");
  command->callback([=, &chosen] {
    if (options->text.empty() && options->file.empty()) throw CLI::RequiredError("a query (text, - or --file)");
    chosen = [=](Console& console) { return run_query(*options, console); };
  });
}

}  // namespace yagura::cli
