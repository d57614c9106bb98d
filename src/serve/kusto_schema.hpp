// What .show says of tables and columns. Each gives the table that Kusto's documentation describes for the command.
#pragma once
#include <string>
#include <vector>

#include "event/table_batch.hpp"
#include "serve/context.hpp"

namespace yagura::serve {

event::TableBatch show_entities(Context& context);       // .show databases entities
event::TableBatch show_schema(Context& context);         // .show database schema
event::TableBatch show_schema_json(Context& context);    // ... as json
event::TableBatch show_schema_script(Context& context);  // ... as csl script
// `names` empty: all. not_found names the nearest right one.
Result<event::TableBatch> show_table_names(Context& context, const std::vector<std::string>& names);
Result<event::TableBatch> show_table_details(Context& context, const std::vector<std::string>& names);
Result<event::TableBatch> show_table_schema(Context& context, const std::string& name, bool as_json);
Result<event::TableBatch> show_table_columns(Context& context, const std::string& name);

std::string_view system_type(event::KqlType type);  // "System.String"

}  // namespace yagura::serve
