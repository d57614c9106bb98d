// Stored functions over the API: what .show, .create and .drop function and /api/v1/functions have in common.
#pragma once
#include <string_view>

#include "event/table_batch.hpp"
#include "query/command_reader.hpp"
#include "serve/context.hpp"

namespace yagura::serve {

event::TableBatch show_functions(Context& context);
Result<event::TableBatch> show_function(Context& context, query::CommandReader& reader);  // behind ".show function"
// .create | .create-or-alter | .alter | .drop function(s); needs the permission edit_tables. Gives the function(s) as
// .show does.
Result<event::TableBatch> change_function(Context& context, const Exchange& exchange, std::string_view command);

// Compiles the function against the workspace's tables and functions, keeps it, and makes it known. invalid_input lists
// the mistakes with their places in the body.
Result<> keep_function(Context& context, const Exchange& exchange, const kql::StoredFunction& function,
                       control::Functions::IfThere if_there, bool validate);
Result<> drop_function(Context& context, const Exchange& exchange, std::string_view name);

}  // namespace yagura::serve
