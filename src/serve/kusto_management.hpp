// Kusto's management commands, as far as they make sense here: .show ..., .create function and its kin.
// https://learn.microsoft.com/kusto/management/
#pragma once
#include <string_view>

#include "event/table_batch.hpp"
#include "serve/context.hpp"

namespace yagura::serve {

struct KustoCommand {
  std::string_view text;  // begins with a full stop
  std::string_view database;
  bool read_only = false;
};

// The command's result. Errors: invalid_input (told where), not_supported (told what there is), not_found,
// permission_denied.
Result<event::TableBatch> run_kusto_command(Context& context, const Exchange& exchange, const KustoCommand& command);

// Columns and rows of texts to a table; types by KQL's names ("string", "long" ...). Cells are KQL literals' contents;
// an empty cell of another type than string is null.
using TableColumns = std::vector<std::pair<std::string_view, event::KqlType>>;
event::TableBatch make_table(const TableColumns& columns,
                             const std::vector<std::vector<std::string>>& rows);
// The table as `datatable(...)[...]`, for commands with a query behind: ".show tables | count".
std::string as_datatable(const event::TableBatch& table);

}  // namespace yagura::serve
