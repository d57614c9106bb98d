// yagura kql functions | check | explain | format: the query language without a server.
#include <iterator>
#include <istream>
#include <ostream>

#include "base/file.hpp"
#include "base/json_writer.hpp"
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

Result<ExitCode> functions(const KqlOptions&, Console& console) {
  console.out << kql::functions_as_markdown();
  return ExitCode::done;
}

Result<ExitCode> check(const KqlOptions& options, Console& console) {
  const auto text = TRY(text_of(options, console));
  const auto catalog = TRY(catalog_of(options));
  const auto checked = kql::check(text, catalog, {.now_ticks = ReceiveClock::now().time_since_epoch().count()});
  if (report(checked.diagnostics, text, console)) return ExitCode::bad_input;
  for (const auto& column : checked.bound.columns()) console.out << fmt::format("{}: {}\n", column.name, kql::type_name(column.type));
  return ExitCode::done;
}

Result<ExitCode> explain(const KqlOptions& options, Console& console) {
  const auto text = TRY(text_of(options, console));
  const auto catalog = TRY(catalog_of(options));
  const auto compiled = kql::compile(text, catalog, {.now_ticks = ReceiveClock::now().time_since_epoch().count()});
  if (report(compiled.diagnostics, text, console)) return ExitCode::bad_input;
  console.out << kql::explain_text(compiled.statement) << '\n';
  for (const auto& [name, value] : compiled.statement.settings) console.out << fmt::format("-- setting {} = {}\n", name, value);
  return ExitCode::done;
}

Result<ExitCode> format(const KqlOptions& options, Console& console) {
  const auto text = TRY(text_of(options, console));
  const auto parsed = kql::parse(text);
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
  const auto add = [&](const char* name, const char* help, auto function) {
    auto* command = group->add_subcommand(name, help);
    command->add_option("text", options->text, "The query; standard input when left out");
    command->add_option("--file,-f", options->file, "Read the query from a file");
    command->add_option("--content", options->content, "Folder of table schemas");
    command->callback([=, &chosen] { chosen = [=](Console& console) { return function(*options, console); }; });
  };
  add("check", "Say what is wrong, with line and column, or the result's columns", check);
  add("explain", "The SQL that a query becomes", explain);
  add("format", "The query in one style", format);
  group->add_subcommand("functions", "Every function, with signature and examples (Markdown)")->callback([=, &chosen] {
    chosen = [=](Console& console) { return functions(*options, console); };
  });
}

}  // namespace yagura::cli
