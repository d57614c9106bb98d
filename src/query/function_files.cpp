#include "query/function_files.hpp"

#include <boost/json.hpp>
#include <yaml-cpp/yaml.h>

#include "base/text.hpp"
#include "query/command_reader.hpp"

namespace yagura::query {

namespace json = boost::json;
using kql::StoredFunction;

namespace {

constexpr std::size_t kMostBytes = 4 * 1024 * 1024, kMostFunctions = 2000;

std::string scalar(const YAML::Node& node, std::initializer_list<const char*> keys) {
  for (const char* key : keys)
    if (const auto value = node[key]; value && value.IsScalar()) return std::string(trim(value.Scalar()));
  return "";
}

// "Default:" is KQL text. YAML may have read it as a bool or number: Scalar() is what stands there. A string's default
// may stand without quotes.
std::string default_text(const YAML::Node& node, std::string_view type) {
  std::string text(trim(node.Scalar()));
  if (type != "string") return text;
  const bool quoted = text.size() >= 2 && (text.front() == '\'' || text.front() == '"') && text.back() == text.front();
  if (quoted) return text;
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

Result<std::string> parameters_of(const YAML::Node& list) {
  std::string out = "(";
  if (!list || list.IsNull()) return out + ")";
  if (list.IsScalar()) return "(" + list.Scalar() + ")";  // "a:string='x', b:long=1"
  if (!list.IsSequence()) return fail(ErrorKind::invalid_input, "the parameters are no list");
  for (const auto& item : list) {
    const std::string name = scalar(item, {"Name", "name"}), type = scalar(item, {"Type", "type"});
    if (name.empty() || type.empty())
      return fail(ErrorKind::invalid_input, "line {}: a parameter needs Name and Type", item.Mark().line + 1);
    if (out.size() > 1) out += ", ";
    // "table:(*)" is how a tabular parameter is written.
    const bool tabular = type.starts_with("table");
    // "Name: T:(TimeGenerated:datetime)", "Type: table" is how Sentinel's own functions write it.
    if (tabular && name.find(':') != std::string::npos)
      out += name;
    else
      out += name + ":" + (tabular ? (type.size() > 5 && type[5] == ':' ? type.substr(6) : "(*)") : type);
    for (const char* key : {"Default", "default"})
      if (const auto value = item[key]; value && value.IsScalar()) {
        out += "=" + default_text(value, type);
        break;
      }
  }
  return out + ")";
}

Result<std::vector<StoredFunction>> from_yaml(std::string_view bytes) {
  try {
    const YAML::Node root = YAML::Load(std::string(bytes));
    std::vector<StoredFunction> out;
    if (!root.IsMap()) return out;
    StoredFunction function;
    function.body = scalar(root, {"ParserQuery", "FunctionQuery"});
    if (function.body.empty()) return out;
    function.name = scalar(root, {"ParserName", "FunctionAlias", "FunctionName"});
    if (function.name.empty())
      return fail(ErrorKind::invalid_input, "there is a query, but no ParserName or FunctionName");
    const auto parameters = root["ParserParams"]     ? root["ParserParams"]
                            : root["FunctionParams"] ? root["FunctionParams"]
                                                     : root["FunctionParameters"];
    function.parameters = TRY(parameters_of(parameters));
    function.docstring = scalar(root, {"Description"});
    function.folder = scalar(root, {"Category"});
    if (function.docstring.empty() && root["Function"] && root["Function"].IsMap())
      function.docstring = scalar(root["Function"], {"Title"});
    if (function.folder.empty() && root["Normalization"] && root["Normalization"].IsMap())
      function.folder = "ASIM/" + scalar(root["Normalization"], {"Schema"});
    out.push_back(function);
    for (const char* key : {"EquivalentBuiltInParser", "EquivalentBuiltInFunction", "FunctionAlias", "FunctionName"}) {
      const std::string other = scalar(root, {key});
      if (other.empty() || std::ranges::any_of(out, [&](const auto& f) { return f.name == other; })) continue;
      out.push_back(function);
      out.back().name = other;
    }
    return out;
  } catch (const YAML::Exception& problem) {
    return fail(ErrorKind::invalid_input, "line {}: {}", problem.mark.line + 1, problem.msg);
  }
}

std::string text_member(const json::object& object, std::initializer_list<std::string_view> names) {
  for (const auto& item : object)
    for (const auto name : names)
      if (equal_ignoring_ascii_case(std::string_view(item.key().data(), item.key().size()), name) &&
          item.value().is_string())
        return std::string(item.value().get_string());
  return "";
}

void collect(const json::value& value, std::vector<StoredFunction>& out, std::size_t depth) {
  if (depth > 32 || out.size() >= kMostFunctions) return;
  if (value.is_array()) {
    for (const auto& item : value.get_array()) collect(item, out, depth + 1);
    return;
  }
  if (!value.is_object()) return;
  const auto& object = value.get_object();
  const std::string alias = text_member(object, {"functionAlias"}),
                    query = text_member(object, {"query", "functionQuery"});
  if (!alias.empty() && !query.empty()) {
    StoredFunction function;
    function.name = alias;
    function.body = query;
    function.parameters = "(" + text_member(object, {"functionParameters"}) + ")";
    function.docstring = text_member(object, {"displayName", "description"});
    function.folder = text_member(object, {"category"});
    out.push_back(std::move(function));
    return;
  }
  for (const auto& item : object) collect(item.value(), out, depth + 1);
}

Result<std::vector<StoredFunction>> from_json(std::string_view bytes) {
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = 64;
  options.allow_comments = true;
  try {
    const json::value root = json::parse(bytes, error, {}, options);
    if (error) return fail(ErrorKind::invalid_input, "it is not valid JSON: {}", error.message());
    std::vector<StoredFunction> out;
    collect(root, out, 0);
    return out;
  } catch (const std::exception& problem) {
    return fail(ErrorKind::invalid_input, "it is not valid JSON: {}", problem.what());
  }
}

// "dir/Foo.kql" -> "Foo"
std::string_view stem_of(std::string_view file_name) {
  file_name = file_name.substr(file_name.find_last_of('/') + 1);
  return file_name.substr(0, file_name.rfind('.'));
}

Result<std::vector<StoredFunction>> from_query(std::string_view bytes, std::string_view file_name) {
  CommandReader reader(bytes);
  std::vector<StoredFunction> out;
  if (reader.rest().starts_with('.')) {
    out.push_back(TRY(parse_function_command(bytes)).function);
    return out;
  }
  if (reader.at_end()) return out;
  StoredFunction function;
  function.name = stem_of(file_name);
  for (char& c : function.name)
    if (!is_ascii_alpha(c) && !is_ascii_digit(c)) c = '_';
  if (function.name.empty() || is_ascii_digit(function.name.front())) function.name.insert(0, "_");
  function.parameters = "()";
  function.body = bytes;
  out.push_back(std::move(function));
  return out;
}

}  // namespace

Result<FunctionCommand> parse_function_command(std::string_view text) {
  CommandReader reader(text);
  FunctionCommand out;
  if (!reader.symbol('.')) return std::unexpected(reader.expected(".create-or-alter function"));
  if (reader.words({"create-or-alter", "function"}))
    out.kind = FunctionCommand::Kind::create_or_alter;
  else if (reader.words({"create", "function"}))
    out.kind = FunctionCommand::Kind::create;
  else if (reader.words({"alter", "function"}))
    out.kind = FunctionCommand::Kind::alter;
  else
    return std::unexpected(reader.expected("create function, create-or-alter function or alter function"));
  if (reader.word("ifnotexists")) out.kind = FunctionCommand::Kind::create_if_missing;
  if (reader.word("with")) {
    if (!reader.symbol('(')) return std::unexpected(reader.expected("( after with"));
    while (!reader.symbol(')')) {
      const auto name = to_lower_ascii(TRY(reader.name("a property such as folder or docstring")));
      if (!reader.symbol('=')) return std::unexpected(reader.expected("= after the property " + name));
      const auto value = TRY(reader.value("the value of " + name));
      if (name == "docstring")
        out.function.docstring = value;
      else if (name == "folder")
        out.function.folder = value;
      else if (name == "view")
        out.function.is_view = equal_ignoring_ascii_case(value, "true");
      else if (name == "skipvalidation")
        out.skip_validation = equal_ignoring_ascii_case(value, "true");
      if (!reader.symbol(',') && !reader.rest().starts_with(')')) return std::unexpected(reader.expected(", or )"));
    }
  }
  out.function.name = TRY(reader.name("the function's name"));
  out.function.parameters = TRY(reader.bracketed('(', "the parameters, such as () or (x:long)"));
  out.function.body = TRY(reader.bracketed('{', "the body in braces"));
  TRY(reader.end());
  return out;
}

Result<std::vector<StoredFunction>> parse_function_file(std::string_view bytes, std::string_view file_name) {
  if (bytes.size() > kMostBytes) return fail(ErrorKind::invalid_input, "the file is larger than 4 MiB");
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  if (!utf8::valid(bytes)) return fail(ErrorKind::invalid_input, "the file is no UTF-8");
  const std::string ending = to_lower_ascii(file_name.substr(std::min(file_name.rfind('.'), file_name.size())));
  auto functions = ending == ".yaml" || ending == ".yml" ? from_yaml(bytes)
                   : ending == ".json"                   ? from_json(bytes)
                                                         : from_query(bytes, file_name);
  if (functions)
    for (auto& function : *functions) function.source = file_name;
  return functions;
}

}  // namespace yagura::query
