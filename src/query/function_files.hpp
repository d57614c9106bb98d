// Stored functions as people keep them: one file's bytes to functions.
//
//   .yaml .yml  Sentinel's function and parser files: ParserName + ParserQuery (+ ParserParams,
//   EquivalentBuiltInParser: the same
//               function under a second name), or FunctionName/FunctionAlias + FunctionQuery (+ FunctionParams)
//   .json       saved searches: {functionAlias, query, functionParameters}, an array of them, or an ARM template that
//   holds some .kql .csl .txt  a ".create-or-alter function" command, or a query: then the function is called as the
//   file
//
// Stateless, any thread. Foreign bytes: bounded in size and depth, exceptions of libraries stay here.
#pragma once
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "kql/catalog.hpp"

namespace yagura::query {

// `file_name` decides the format by its ending, and names a function that has no name of its own. No function: the file
// is something else. Errors say what the file lacks.
Result<std::vector<kql::StoredFunction>> parse_function_file(std::string_view bytes, std::string_view file_name);

// .create [ifnotexists] | .create-or-alter | .alter function [ifnotexists] [with (docstring='', folder='')]
// name(parameters) { body }
struct FunctionCommand {
  enum class Kind { create, create_if_missing, create_or_alter, alter } kind = Kind::create;
  kql::StoredFunction function;
  bool skip_validation = false;
};
Result<FunctionCommand> parse_function_command(std::string_view text);

}  // namespace yagura::query
