// Records to rows of the tables they belong to.
//
//   normalise::Router router(schemas, settings);
//   auto records = std::make_shared<RecordBatch>();  ... decode into it ...
//   for (TableBatch& rows : router.rows(records, ReceiveClock::now())) inserter.insert(std::move(rows));
//
// Where a record goes: malformed ones to YaguraUnparsed; what a route of the settings names; CEF, LEEF and whatever a
// device pack says so to CommonSecurityLog; other syslog to Syslog; other JSON to the settings' default table. A record
// gives exactly one row, in the order of the records. The batches keep `records` alive, their views point into it.
// Fields that no column takes are put into AdditionalExtensions (CommonSecurityLog) or a dynamic column
// AdditionalFields where the table has one; otherwise they are counted in yagura_normalise_unknown_fields_total, values
// that a column cannot hold in yagura_normalise_unconvertible_total.
//
// rows() is const and may be called by any number of threads. docs/tables.md has the mappings.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/settings.hpp"
#include "event/record.hpp"
#include "event/table_batch.hpp"
#include "event/table_schema.hpp"

namespace yagura::normalise {

// One row of the settings' `routes`; an empty condition holds always, the first route whose conditions all hold is
// taken.
struct Route {
  std::string index;       // hec.index
  std::string sourcetype;  // hec.sourcetype
  std::string source;      // hec.source
  std::string format;      // "json", "cef", "rfc3164" ...
  std::string app;         // AppName
  std::string table;
};

struct RouterSettings {
  std::vector<Route> routes;
  std::string json_table = "YaguraEvents";
  // Reads `routes` and `json_table` below `node`; mistakes go to its errors.
  static RouterSettings read(const SettingsNode& node);
};

class Router {
 public:
  // Unknown tables of the settings are in the Error, all of them.
  static Result<Router> create(std::shared_ptr<const event::SchemaSet> schemas, RouterSettings settings);
  ~Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;

  std::vector<event::TableBatch> rows(std::shared_ptr<const event::RecordBatch> records, ReceiveTime ingested_at) const;
  // The name of the table that a record would go to.
  std::string_view table_of(const event::Record& record) const;

 private:
  struct State;
  explicit Router(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace yagura::normalise
