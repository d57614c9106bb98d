#include "serve/function_commands.hpp"

#include "base/text.hpp"
#include "query/check_function.hpp"
#include "query/function_files.hpp"
#include "serve/kusto_management.hpp"

namespace yagura::serve {

using event::KqlType;

namespace {

constexpr auto S = KqlType::string;

std::shared_ptr<const kql::FunctionSet> functions_of(const Context& context) {
  return context.services.functions ? context.services.functions() : std::make_shared<const kql::FunctionSet>();
}

event::TableBatch table_of(const std::vector<const kql::StoredFunction*>& functions) {
  std::vector<std::vector<std::string>> rows;
  for (const auto* f : functions)
    rows.push_back({f->name, f->parameters.empty() ? "()" : f->parameters,
                    trim(f->body).starts_with('{') ? f->body : "{\n" + f->body + "\n}", f->folder, f->docstring});
  return make_table({{"Name", S}, {"Parameters", S}, {"Body", S}, {"Folder", S}, {"DocString", S}}, rows);
}

Result<> may_change(const Exchange& exchange) {
  if (exchange.caller.may(control::Permission::edit_tables)) return {};
  return fail(ErrorKind::permission_denied,
              "changing functions needs the permission 'edit_tables', which {} does not have",
              exchange.caller.actor.name);
}

Error unknown_function(const kql::FunctionSet& functions, std::string_view name) {
  std::vector<std::string_view> known;
  for (const auto& [other, function] : functions.all()) known.push_back(other);
  return Error(ErrorKind::not_found,
               fmt::format("there is no function '{}'{}", name.substr(0, 100), did_you_mean(name, known)));
}

Result<event::TableBatch> drop(Context& context, const Exchange& exchange, query::CommandReader& reader) {
  std::vector<std::string> names;
  if (reader.word("functions")) {
    if (!reader.symbol('(')) return std::unexpected(reader.expected("( and names"));
    do names.push_back(TRY(reader.name("the function's name")));
    while (reader.symbol(','));
    if (!reader.symbol(')')) return std::unexpected(reader.expected(", or )"));
  } else {
    if (!reader.word("function")) return std::unexpected(reader.expected("function"));
    names.push_back(TRY(reader.name("the function's name")));
  }
  const bool if_exists = reader.word("ifexists");
  TRY(reader.end());
  for (const auto& name : names)
    if (auto dropped = drop_function(context, exchange, name);
        !dropped && !(if_exists && dropped.error().kind() == ErrorKind::not_found))
      return std::unexpected(dropped.error());
  return show_functions(context);
}

}  // namespace

event::TableBatch show_functions(Context& context) {
  const auto functions = functions_of(context);
  std::vector<const kql::StoredFunction*> all;
  for (const auto& [name, function] : functions->all())
    if (name.find('(') == std::string::npos) all.push_back(&function);
  return table_of(all);
}

Result<event::TableBatch> show_function(Context& context, query::CommandReader& reader) {
  const std::string name = TRY(reader.name("the function's name"));
  const auto functions = functions_of(context);
  const auto* function = functions->find(name);
  if (function == nullptr) return std::unexpected(unknown_function(*functions, name));
  if (reader.word("with")) TRY(reader.bracketed('(', "properties"));
  TRY(reader.end());
  return table_of({function});
}

Result<> keep_function(Context& context, const Exchange& exchange, const kql::StoredFunction& function,
                       control::Functions::IfThere if_there, bool validate) {
  TRY(may_change(exchange));
  if (validate) {
    const kql::SchemaCatalog catalog(context.services.schemas(), functions_of(context));
    std::string mistakes;
    for (const auto& d : query::check_function(function, catalog, context.control().now()))
      if (d.severity == kql::Diagnostic::Severity::error)
        mistakes += fmt::format("{}{}: {} (line {}, position {} of the body)", mistakes.empty() ? "" : "\n", d.code,
                                d.message, d.line, d.column);
    if (!mistakes.empty())
      return fail(ErrorKind::invalid_input, "the function '{}' is wrong: {}", function.name, mistakes);
  }
  control::KeptFunction kept{.name = function.name,
                             .parameters = function.parameters,
                             .body = function.body,
                             .folder = function.folder,
                             .docstring = function.docstring,
                             .is_view = function.is_view};
  TRY(context.control().functions().put(kept, if_there, exchange.caller.actor));
  return context.services.functions_changed ? context.services.functions_changed() : Result<>();
}

Result<> drop_function(Context& context, const Exchange& exchange, std::string_view name) {
  TRY(may_change(exchange));
  if (auto removed = context.control().functions().remove(name, exchange.caller.actor); !removed) {
    const auto functions = functions_of(context);
    const auto* known = functions->find(name);
    if (removed.error().kind() != ErrorKind::not_found) return removed;
    if (known == nullptr) return std::unexpected(unknown_function(*functions, name));
    return fail(ErrorKind::conflict, "the function '{}' comes from {} and goes when that does", name,
                known->source.empty() ? "a watchlist" : known->source);
  }
  return context.services.functions_changed ? context.services.functions_changed() : Result<>();
}

Result<event::TableBatch> change_function(Context& context, const Exchange& exchange, std::string_view command) {
  query::CommandReader reader(command);
  reader.symbol('.');
  if (reader.word("drop")) return drop(context, exchange, reader);
  if (reader.words({"alter", "function", "folder"}) || reader.words({"alter", "function", "docstring"})) {
    const bool folder =
        command.find("docstring") == std::string_view::npos || command.find("folder") < command.find("docstring");
    const std::string name = TRY(reader.name("the function's name"));
    const std::string text = TRY(reader.value("the new text"));
    TRY(reader.end());
    TRY(may_change(exchange));
    auto kept = TRY(context.control().functions().find(name));
    if (!kept) return std::unexpected(unknown_function(*functions_of(context), name));
    (folder ? kept->folder : kept->docstring) = text;
    TRY(context.control().functions().put(*kept, control::Functions::IfThere::replace, exchange.caller.actor));
    if (context.services.functions_changed) TRY(context.services.functions_changed());
    query::CommandReader again(name);
    return show_function(context, again);
  }
  const auto parsed = TRY(query::parse_function_command(command));
  using Kind = query::FunctionCommand::Kind;
  const auto before = functions_of(context);
  if (parsed.kind == Kind::alter && before->find(parsed.function.name) == nullptr)
    return std::unexpected(unknown_function(*before, parsed.function.name));
  const auto if_there = parsed.kind == Kind::create              ? control::Functions::IfThere::refuse
                        : parsed.kind == Kind::create_if_missing ? control::Functions::IfThere::keep
                                                                 : control::Functions::IfThere::replace;
  TRY(keep_function(context, exchange, parsed.function, if_there, !parsed.skip_validation));
  const auto after = functions_of(context);
  const auto* function = after->find(parsed.function.name);
  return table_of({function != nullptr ? function : &parsed.function});
}

}  // namespace yagura::serve
