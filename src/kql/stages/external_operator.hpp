// externaldata: rows of files elsewhere. https://learn.microsoft.com/kusto/query/externaldata-operator
//
// Who may be asked, and how, is the caller's affair (StageContext::fetch). Formats: csv, tsv, psv, scsv, txt, raw, json (a record
// on each line), multijson and parquet (which the store reads); gzip and zip by their first bytes. Total over hostile bytes: what is no record is an Error that names the
// address and the record.
#pragma once
#include "kql/stages/local_operator.hpp"

namespace yagura::kql {

// A stage without inputs for an externaldata expression.
PlanPtr make_external_stage(const ExternalPlan& plan);

// The rows of one file's bytes, for make_external_stage and its fuzz test. `address` says the format where `properties` don't.
Result<event::TableBatch> read_external(std::string_view bytes, std::string_view address, const std::vector<std::pair<std::string, std::string>>& properties,
                                        std::span<const PlanColumn> columns, StageContext& context);

}  // namespace yagura::kql
