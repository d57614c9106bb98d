// yagura transform: what is made of a table's rows before they are stored.
#include <boost/json.hpp>

#include <iterator>
#include <ostream>

#include "base/file.hpp"
#include "base/text.hpp"
#include "cli/api_client.hpp"
#include "cli/command.hpp"

namespace yagura::cli {

namespace {

namespace json = boost::json;

struct TransformOptions {
  ServerChoice server;
  bool as_json = false, off = false;
  std::string table, query, file, timespan = "P1D";
  std::vector<std::string> count_by;
};

std::string path_of(const TransformOptions& options) { return "/api/v1/transformations/" + path_segment(options.table); }

std::string text_of(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr || value->is_null()) return "";
  return value->is_string() ? std::string(value->get_string()) : json::serialize(*value);
}

// The query of the argument, or of the file; "-" is standard input.
Result<std::string> query_of(const TransformOptions& options, Console& console, bool needed) {
  if (options.file == "-") return std::string(std::istreambuf_iterator<char>(console.in), {});
  if (!options.file.empty()) return TRY(read_file(options.file, 1_MiB), "reading the transformation");
  if (options.query.empty() && needed) return fail(ErrorKind::invalid_input, "which transformation? Give KQL that begins with 'source', or --file FILE");
  return options.query;
}

void print_dropped(const json::object& dropped, Console& console) {
  std::string columns;
  for (const auto& column : dropped.at("columns").as_array()) columns += (columns.empty() ? "" : ", ") + std::string(column.as_string());
  const auto& values = dropped.at("values").as_array();
  if (values.empty()) return;
  console.out << fmt::format("\n{:>12}  {}\n", "rows", columns.empty() ? "all" : columns);
  for (const auto& value : values) {
    const auto& one = value.as_object();
    std::string key;
    for (const auto& part : one.at("key").as_array()) key += (key.empty() ? "" : ", ") + (part.as_string().empty() ? "''" : std::string(part.as_string()));
    console.out << fmt::format("{:>12}  {}  ({} to {})\n", text_of(one, "rows"), key, text_of(one, "first"), text_of(one, "last"));
  }
}

void print(const json::object& one, Console& console) {
  console.out << fmt::format("table    {}\n", text_of(one, "table"));
  console.out << fmt::format("state    {}\n", !one.at("enabled").as_bool() ? "switched off" : one.at("running").as_bool() ? "running" : "not usable, rows are stored as they are");
  if (const auto error = text_of(one, "error"); !error.empty()) console.out << "error    " << error << '\n';
  const auto& dropped = one.at("dropped").as_object();
  console.out << fmt::format("rows     {} in, {} dropped ({} bytes), {} unchanged because of an error\n", text_of(one, "rows_in"), text_of(dropped, "rows"), text_of(dropped, "bytes"),
                             text_of(one, "rows_failed"));
  console.out << fmt::format("changed  {} by {}\n{}\n", text_of(one, "changed"), text_of(one, "changed_by"), trim(text_of(one, "query")));
  print_dropped(dropped, console);
}

Result<ExitCode> shown(const TransformOptions& options, const json::object& answer, Console& console) {
  if (options.as_json) console.out << json::serialize(answer) << '\n';
  else print(answer, console);
  return ExitCode::done;
}

json::object body_of(const TransformOptions& options, std::string query) {
  json::object body;
  if (!query.empty()) body["query"] = std::move(query);
  if (!options.count_by.empty()) {
    auto& columns = body["count_by"].emplace_array();
    for (const auto& column : options.count_by) columns.emplace_back(column);
  }
  return body;
}

Result<ExitCode> set(const TransformOptions& options, Console& console) {
  auto body = body_of(options, TRY(query_of(options, console, true)));
  body["enabled"] = !options.off;
  return shown(options, TRY(call_api(TRY(chosen_server(options.server)), "PUT", path_of(options), body)), console);
}

Result<ExitCode> show(const TransformOptions& options, Console& console) {
  return shown(options, TRY(call_api(TRY(chosen_server(options.server)), "GET", path_of(options))), console);
}

Result<ExitCode> list(const TransformOptions& options, Console& console) {
  const auto answer = TRY(call_api(TRY(chosen_server(options.server)), "GET", "/api/v1/transformations"));
  if (options.as_json) {
    console.out << json::serialize(answer) << '\n';
    return ExitCode::done;
  }
  bool first = true;
  for (const auto& one : answer.at("transformations").as_array()) {
    if (!std::exchange(first, false)) console.out << '\n';
    print(one.as_object(), console);
  }
  if (first) console.err << "no table has a transformation\n";
  return ExitCode::done;
}

Result<ExitCode> remove(const TransformOptions& options, Console& console) {
  TRY(call_api(TRY(chosen_server(options.server)), "DELETE", path_of(options)));
  console.err << fmt::format("{}: rows are stored as they are\n", options.table);
  return ExitCode::done;
}

Result<ExitCode> preview(const TransformOptions& options, Console& console) {
  auto body = body_of(options, TRY(query_of(options, console, false)));
  body["timespan"] = options.timespan;
  const auto answer = TRY(call_api(TRY(chosen_server(options.server)), "POST", path_of(options) + "/preview", body));
  if (options.as_json) {
    console.out << json::serialize(answer) << '\n';
    return ExitCode::done;
  }
  const auto& dropped = answer.at("dropped").as_object();
  console.out << fmt::format("of {} rows with {} bytes ({} in the time span), {} rows with {} bytes would not be stored\n", text_of(answer, "rows"), text_of(answer, "bytes"),
                             text_of(answer, "rows_in_span"), text_of(dropped, "rows"), text_of(dropped, "bytes"));
  print_dropped(dropped, console);
  const auto& alerts = answer.at("alerts").as_object();
  console.out << fmt::format("\n{} of {} alerts are about such rows\n", text_of(alerts, "count"), text_of(alerts, "of"));
  for (const auto& alert : alerts.at("of_dropped_rows").as_array())
    console.out << fmt::format("  {}  {}\n", text_of(alert.as_object(), "time"), text_of(alert.as_object(), "name"));
  const auto& rules = answer.at("rules").as_object();
  console.out << fmt::format("\n{} enabled rules read such events. {}\n", text_of(rules, "not_affected_count"), text_of(rules, "note"));
  return ExitCode::done;
}

}  // namespace

void add_transform(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<TransformOptions>();
  auto* group = app.add_subcommand("transform", "Decide with KQL what of a table's rows is stored");
  group->require_subcommand(1);
  group->footer("Example:\n  yagura transform preview AWSCloudTrail 'source | where SessionIssuerUserName !in~ (\"CspmMonitorAws\")' --timespan P7D\n"
                "  yagura transform set AWSCloudTrail 'source | where SessionIssuerUserName !in~ (\"CspmMonitorAws\")'");
  const auto add_command = [&](const char* name, const char* help, auto function) {
    auto* command = group->add_subcommand(name, help);
    command->callback([=, &chosen] { chosen = [=](Console& console) { return function(*options, console); }; });
    add_server_options(*command, options->server);
    command->add_flag("--json", options->as_json, "JSON");
    return command;
  };
  const auto of_table = [&](CLI::App* command) {
    command->add_option("table", options->table, "The table")->required();
    return command;
  };
  const auto with_query = [&](CLI::App* command) {
    of_table(command)->add_option("query", options->query, "KQL that begins with `source`");
    command->add_option("--file", options->file, "File with the KQL; - for standard input");
    command->add_option("--count-by", options->count_by, "Column by which dropped rows are counted (again for more); default: those of its conditions");
    return command;
  };
  with_query(add_command("set", "Set a table's transformation", set))->add_flag("--off", options->off, "Keep it, but do not use it");
  of_table(add_command("show", "A table's transformation and what it has dropped", show));
  add_command("list", "All transformations", list);
  with_query(add_command("preview", "What it would drop of what is stored", preview))
      ->add_option("--timespan", options->timespan, "ISO 8601 duration or interval")
      ->capture_default_str();
  of_table(add_command("remove", "Store the table's rows as they are again", remove));
}

}  // namespace yagura::cli
