// yagura kql functions | check | explain | format: the query language without a server.
#include <algorithm>
#include <array>
#include <iterator>
#include <istream>
#include <ostream>

#include "base/file.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "cli/command.hpp"
#include "kql/compile.hpp"
#include "kql/function.hpp"
#include "kql/parser.hpp"
#include "kql/printer.hpp"
#include "kql/stages/run_stages.hpp"
#include "roles/server_role.hpp"

namespace yagura::cli {

namespace {

struct KqlOptions {
  std::string text;
  std::string file;
  std::string content;
  std::string name;
  bool json = false;
  bool markdown = false;
};

Result<std::string> text_of(const KqlOptions& options, Console& console) {
  if (!options.file.empty()) return read_file(options.file, 4_MiB);
  if (options.text != "-" && !options.text.empty()) return options.text;
  return std::string(std::istreambuf_iterator<char>(console.in), {});
}

Result<kql::SchemaCatalog> catalog_of(const KqlOptions& options) {
  const auto content = TRY(roles::find_content(options.content));
  auto schemas = TRY(event::SchemaSet::load(content / "tables"), "reading table schemas");
  return kql::SchemaCatalog(std::make_shared<const event::SchemaSet>(std::move(schemas)));
}

// Prints the diagnostics; true when one is an error.
bool report(const std::vector<kql::Diagnostic>& diagnostics, const std::string& text, Console& console) {
  bool failed = false;
  for (const auto& diagnostic : diagnostics) {
    console.err << kql::to_text(diagnostic, text) << '\n';
    failed |= diagnostic.severity == kql::Diagnostic::Severity::error;
  }
  return failed;
}

void write(JsonWriter& json, const std::vector<kql::Diagnostic>& diagnostics) {
  json.key("diagnostics").begin_array();
  for (const auto& d : diagnostics) {
    json.begin_object();
    json.key("code").text(d.code).key("severity").text(d.severity == kql::Diagnostic::Severity::error ? "error" : "warning");
    json.key("message").text(d.message).key("line").number(std::uint64_t{d.line}).key("column").number(std::uint64_t{d.column});
    json.key("start").number(std::uint64_t{d.start}).key("length").number(std::uint64_t{d.length}).end_object();
  }
  json.end_array();
}

bool has_errors(const std::vector<kql::Diagnostic>& diagnostics) {
  return std::ranges::any_of(diagnostics, [](const auto& d) { return d.severity == kql::Diagnostic::Severity::error; });
}

void write(JsonWriter& json, const kql::Function& f) {
  constexpr std::array<std::string_view, 3> kKinds = {"scalar", "aggregate", "window"};
  const auto texts = [&](std::string_view key, std::string_view list, char separator) {
    json.key(key).begin_array();
    for (const auto one : split(list, separator)) {
      if (!trim(one).empty()) json.text(trim(one));
    }
    json.end_array();
  };
  const auto by = kql::back_ends(f);
  json.begin_object().key("name").text(f.name).key("kind").text(kKinds.at(static_cast<std::size_t>(f.kind))).key("summary").text(f.summary);
  texts("signatures", f.signatures, ';');
  texts("aliases", f.aliases, ' ');
  json.key("in_store").boolean(by.sql).key("in_flight").boolean(by.in_flight).key("examples").begin_array();
  for (const auto& e : f.examples) {
    if (!e.expression.empty()) json.begin_object().key("expression").text(e.expression).key("value").text(e.expected).end_object();
  }
  json.end_array().end_object();
}

Result<ExitCode> functions(const KqlOptions& options, Console& console) {
  if (!options.json) {
    console.out << kql::functions_as_markdown();
    return ExitCode::done;
  }
  std::vector<const kql::Function*> all;
  for (const auto family : kql::function_families()) {
    for (const auto& f : family) {
      if (!f.name.starts_with('.')) all.push_back(&f);  // those are steps inside of others
    }
  }
  std::ranges::sort(all, {}, [](const kql::Function* f) { return std::pair(f->name, f->kind); });
  std::string text;
  JsonWriter json(text);
  json.begin_array();
  for (const auto* f : all) write(json, *f);
  json.end_array();
  console.out << text << '\n';
  return ExitCode::done;
}

Result<ExitCode> check(const KqlOptions& options, Console& console) {
  const auto text = TRY(text_of(options, console));
  const auto catalog = TRY(catalog_of(options));
  const auto checked = kql::check(text, catalog, {.now_ticks = ReceiveClock::now().time_since_epoch().count()});
  if (options.json) {
    std::string out;
    JsonWriter json(out);
    json.begin_object().key("ok").boolean(!has_errors(checked.diagnostics));
    write(json, checked.diagnostics);
    json.key("columns").begin_array();
    if (checked.ok()) {
      for (const auto& c : checked.bound.columns()) json.begin_object().key("name").text(c.name).key("type").text(kql::type_name(c.type)).end_object();
    }
    json.end_array().end_object();
    console.out << out << '\n';
    return has_errors(checked.diagnostics) ? ExitCode::bad_input : ExitCode::done;
  }
  if (report(checked.diagnostics, text, console)) return ExitCode::bad_input;
  for (const auto& column : checked.bound.columns()) console.out << fmt::format("{}: {}\n", column.name, kql::type_name(column.type));
  return ExitCode::done;
}

Result<ExitCode> explain(const KqlOptions& options, Console& console) {
  const auto text = TRY(text_of(options, console));
  const auto catalog = TRY(catalog_of(options));
  const auto compiled = kql::compile(text, catalog, {.now_ticks = ReceiveClock::now().time_since_epoch().count()});
  if (options.json) {
    std::string out;
    JsonWriter json(out);
    const bool failed = has_errors(compiled.diagnostics);
    json.begin_object().key("ok").boolean(!failed);
    write(json, compiled.diagnostics);
    json.key("sql").text(failed ? "" : compiled.statement.sql).key("settings").begin_object();
    if (!failed) {
      for (const auto& [name, value] : compiled.statement.settings) json.key(name).text(value);
    }
    json.end_object().key("tables").begin_array();
    for (const auto& table : compiled.statement.tables) json.text(table);
    json.end_array().key("steps").begin_array();  // what is computed on rows, before the statement
    for (const auto& stage : compiled.statement.stages) json.text(stage.what);
    json.end_array().end_object();
    console.out << out << '\n';
    return failed ? ExitCode::bad_input : ExitCode::done;
  }
  if (report(compiled.diagnostics, text, console)) return ExitCode::bad_input;
  console.out << kql::explain_text(compiled.statement) << '\n';
  for (const auto& [name, value] : compiled.statement.settings) console.out << fmt::format("-- setting {} = {}\n", name, value);
  return ExitCode::done;
}

Result<ExitCode> format(const KqlOptions& options, Console& console) {
  const auto text = TRY(text_of(options, console));
  const auto parsed = kql::parse(text);
  if (options.json) {
    std::string out;
    JsonWriter json(out);
    const bool failed = has_errors(parsed.diagnostics);
    json.begin_object().key("ok").boolean(!failed);
    write(json, parsed.diagnostics);
    json.key("query").text(failed ? "" : kql::print(parsed.tree)).end_object();
    console.out << out << '\n';
    return failed ? ExitCode::bad_input : ExitCode::done;
  }
  if (report(parsed.diagnostics, text, console)) return ExitCode::bad_input;
  console.out << kql::print(parsed.tree);
  return ExitCode::done;
}

}  // namespace

void add_kql(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<KqlOptions>();
  auto* group = app.add_subcommand("kql", "Check, explain and format queries; list functions");
  group->require_subcommand(1);
  group->footer("Examples:\n  yagura kql check \"Syslog | where Facilty == 'auth'\"\n  yagura kql format -f hunt.kql\n  yagura kql functions");
  const auto add = [&](const char* name, const char* help, const char* examples, auto function) {
    auto* command = group->add_subcommand(name, help);
    command->add_option("text", options->text, "The query; standard input when left out");
    command->add_option("--file,-f", options->file, "Read the query from a file");
    command->add_option("--content", options->content, "Folder of table schemas");
    command->add_flag("--json", options->json, "JSON in place of text; mistakes are part of it");
    command->footer(examples);
    command->callback([=, &chosen] { chosen = [=](Console& console) { return function(*options, console); }; });
  };
  add("check", "Say what is wrong, with line and column, or the result's columns",
      "Examples:\n"
      "  yagura kql check \"Syslog | where Facilty == 'auth'\"     1:16: error KS142: ... did you mean 'Facility'?\n"
      "  yagura kql check --json -f hunt.kql                      {\"ok\":...,\"diagnostics\":[...],\"columns\":[...]}\n"
      "Ends with 2 when the query has a mistake.",
      check);
  add("explain", "The SQL that a query becomes",
      "Examples:\n"
      "  yagura kql explain \"Syslog | summarize count() by Computer\"\n"
      "  yagura kql explain --json -f hunt.kql                    {\"ok\":...,\"sql\":...,\"settings\":{...},\"tables\":[...],\"steps\":[...]}",
      explain);
  add("format", "The query in one style",
      "Examples:\n"
      "  yagura kql format \"Syslog|where Facility=='auth'|take 5\"\n"
      "  yagura kql format < hunt.kql > tidy.kql\n"
      "  yagura kql format --json -f hunt.kql                     {\"ok\":...,\"diagnostics\":[...],\"query\":...}",
      format);
  auto* list = group->add_subcommand("functions", "Every function, with signature and examples (Markdown)");
  auto* as_json = list->add_flag("--json", options->json, "JSON in place of Markdown: name, kind, summary, signatures, aliases, back ends, examples");
  list->add_flag("--markdown", options->markdown, "Markdown, as without this option")->excludes(as_json);
  list->footer(
      "Examples:\n"
      "  yagura kql functions > docs/kql.md                       renew the reference\n"
      "  yagura kql functions --json | jq -r '.[] | select(.in_flight) | .name'");
  list->callback([=, &chosen] { chosen = [=](Console& console) { return functions(*options, console); }; });
}

}  // namespace yagura::cli
