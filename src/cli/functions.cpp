// yagura functions list | show | add | remove | check: stored functions of a data folder. A running server sees a
// change within seconds.
#include <ostream>

#include "base/file.hpp"
#include "base/text.hpp"
#include "cli/command.hpp"
#include "control/control_db.hpp"
#include "query/check_function.hpp"
#include "query/function_files.hpp"
#include "query/function_library.hpp"
#include "query/watchlists.hpp"
#include "roles/server_role.hpp"
#include "roles/workspace_functions.hpp"

namespace yagura::cli {

namespace {

struct FunctionOptions {
  std::string data = "data";
  std::string content;
  std::string name;
  std::vector<std::string> files;
  std::string folder;
  bool force = false;
};

const control::Actor kActor{.name = "command line"};

Result<std::unique_ptr<control::ControlDb>> open_control(const FunctionOptions& options) {
  return control::ControlDb::open(std::filesystem::path(options.data) / "control.db");
}

// All functions as the server of this data folder has them; `files` are read besides.
struct Workspace {
  std::shared_ptr<const event::SchemaSet> schemas;
  std::unique_ptr<control::ControlDb> control;
  std::unique_ptr<roles::WorkspaceFunctions> functions;
};

Result<Workspace> open_workspace(const FunctionOptions& options, std::vector<std::filesystem::path> folders) {
  Workspace out;
  const auto content = TRY(roles::find_content(options.content));
  auto schemas = TRY(event::SchemaSet::load(content / "tables"), "reading table schemas");
  std::error_code error;
  if (std::filesystem::exists(std::filesystem::path(options.data) / "control.db", error)) {
    out.control = TRY(open_control(options));
    for (const auto& table : TRY(out.control->custom_tables().list()))
      schemas.put(TRY(event::parse_table_schema(table.schema_json, table.name)));
  }
  out.schemas = std::make_shared<const event::SchemaSet>(std::move(schemas));
  out.functions = TRY(roles::WorkspaceFunctions::open(roles::function_folders(content, folders), out.control.get(),
                                                      nullptr, [schemas = out.schemas] { return schemas; }));
  return out;
}

Result<ExitCode> list(const FunctionOptions& options, Console& console) {
  const auto workspace = TRY(open_workspace(options, {}));
  console.out << fmt::format("{:40} {:20} {}\n", "NAME", "FOLDER", "SOURCE");
  const auto functions = workspace.functions->functions();
  for (const auto& [name, function] : functions->all())
    if (name.find('(') == std::string::npos)
      console.out << fmt::format("{:40} {:20} {}\n", name, function.folder,
                                 function.source.empty() ? "made here" : function.source);
  return ExitCode::done;
}

Result<ExitCode> show(const FunctionOptions& options, Console& console) {
  const auto workspace = TRY(open_workspace(options, {}));
  const auto functions = workspace.functions->functions();
  const auto* function = functions->find(options.name);
  if (function == nullptr) {
    std::vector<std::string_view> known;
    for (const auto& [name, other] : functions->all()) known.push_back(name);
    return fail(ErrorKind::not_found, "there is no function '{}'{}", options.name, did_you_mean(options.name, known));
  }
  if (!function->docstring.empty())
    for (const auto line : split(function->docstring, '\n')) console.out << "// " << line << '\n';
  console.out << fmt::format(".create-or-alter function {}{} {}\n", function->name, function->parameters,
                             trim(function->body).starts_with('{') ? function->body : "{\n" + function->body + "\n}");
  return ExitCode::done;
}

// Prints what is wrong; the number of functions with mistakes.
std::size_t report(const std::vector<kql::StoredFunction>& functions, const kql::Catalog& catalog, Console& console) {
  std::size_t wrong = 0;
  for (const auto& function : functions) {
    bool bad = false;
    for (const auto& d : query::check_function(function, catalog, ReceiveClock::now().time_since_epoch().count())) {
      if (d.severity != kql::Diagnostic::Severity::error) continue;
      console.err << fmt::format("{}: {}: {} {} (line {}, column {} of the body)\n", function.source, function.name,
                                 d.code, d.message, d.line, d.column);
      bad = true;
    }
    wrong += bad ? 1 : 0;
  }
  return wrong;
}

Result<std::vector<kql::StoredFunction>> read_functions(const std::vector<std::string>& files) {
  std::vector<kql::StoredFunction> out;
  for (const auto& file : files) {
    auto functions = TRY(query::parse_function_file(TRY(read_file(file, 4_MiB)), file), "reading {}", file);
    if (functions.empty()) return fail(ErrorKind::invalid_input, "{} holds no function", file);
    for (auto& function : functions) out.push_back(std::move(function));
  }
  return out;
}

Result<ExitCode> add(const FunctionOptions& options, Console& console) {
  const auto functions = TRY(read_functions(options.files));
  auto workspace = TRY(open_workspace(options, {}));
  if (!workspace.control) workspace.control = TRY(open_control(options));
  // Those of one call may call each other.
  kql::FunctionSet all = *workspace.functions->functions();
  for (const auto& function : functions) all.put(function);
  const kql::SchemaCatalog catalog(workspace.schemas, std::make_shared<const kql::FunctionSet>(std::move(all)));
  if (const auto wrong = report(functions, catalog, console); wrong > 0 && !options.force) {
    console.err << fmt::format("{} of {} functions are wrong; nothing was kept (--force keeps them all the same)\n",
                               wrong, functions.size());
    return ExitCode::bad_input;
  }
  for (const auto& function : functions)
    TRY(workspace.control->functions().put({.name = function.name,
                                            .parameters = function.parameters,
                                            .body = function.body,
                                            .folder = options.folder.empty() ? function.folder : options.folder,
                                            .docstring = function.docstring,
                                            .is_view = function.is_view},
                                           control::Functions::IfThere::replace, kActor));
  console.err << fmt::format("kept {} functions\n", functions.size());
  return ExitCode::done;
}

Result<ExitCode> remove(const FunctionOptions& options, Console& console) {
  const auto control = TRY(open_control(options));
  TRY(control->functions().remove(options.name, kActor));
  console.err << "removed " << options.name << '\n';
  return ExitCode::done;
}

// Loads and binds every function of the folders or files; for content in a repository.
Result<ExitCode> check(const FunctionOptions& options, Console& console) {
  std::vector<std::filesystem::path> folders;
  std::vector<std::string> files;
  for (const auto& name : options.files) {
    std::error_code error;
    if (std::filesystem::is_directory(name, error))
      folders.emplace_back(name);
    else
      files.push_back(name);
  }
  const auto workspace = TRY(open_workspace(options, folders));
  std::vector<kql::StoredFunction> functions = TRY(read_functions(files));
  kql::FunctionSet all = *workspace.functions->functions();
  for (const auto& function : functions) all.put(function);
  for (auto& function : query::watchlist_functions({}, 0))
    if (all.find(function.name) == nullptr) all.put(std::move(function));
  for (const auto& [name, function] : all.all())
    for (const auto& folder : folders)
      if (function.source.starts_with(folder.string())) functions.push_back(function);
  std::size_t problems = 0;
  for (const auto& problem : workspace.functions->library().current()->problems) {
    console.err << fmt::format("{}: {}\n", problem.file, problem.message);
    ++problems;
  }
  const auto set = std::make_shared<const kql::FunctionSet>(std::move(all));
  const auto wrong = report(functions, kql::SchemaCatalog(workspace.schemas, set), console);
  console.out << fmt::format("{} functions, {} wrong, {} files that cannot be read\n", functions.size(), wrong,
                             problems);
  return wrong + problems == 0 ? ExitCode::done : ExitCode::findings;
}

}  // namespace

void add_functions(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<FunctionOptions>();
  auto* group = app.add_subcommand("functions", "Stored functions: list, show, add, remove, check");
  group->require_subcommand(1);
  group->footer(
      "Examples:\n  yagura functions add FailedLogons.kql\n  yagura functions check parsers/\n  yagura functions show "
      "_Im_Dns");
  const auto add_command = [&](const char* name, const char* help, auto function) {
    auto* command = group->add_subcommand(name, help);
    command->add_option("--data", options->data, "Data folder")->capture_default_str();
    command->add_option("--content", options->content, "Folder of table schemas and functions");
    command->callback([=, &chosen] { chosen = [=](Console& console) { return function(*options, console); }; });
    return command;
  };
  add_command("list", "All functions, of files and made here", list);
  add_command("show", "One function, as the command that makes it", show)
      ->add_option("name", options->name)
      ->required();
  auto* added =
      add_command("add", "Keep the functions of files (.kql, Sentinel's .yaml, saved searches in .json)", add);
  added->add_option("files", options->files)->required();
  added->add_option("--folder", options->folder, "Where people find it");
  added->add_flag("--force", options->force, "Keep them even if they do not compile now");
  add_command("remove", "Remove a function that was made here", remove)->add_option("name", options->name)->required();
  add_command("check", "Compile functions of folders or files; keeps nothing", check)
      ->add_option("files", options->files)
      ->required();
}

}  // namespace yagura::cli
