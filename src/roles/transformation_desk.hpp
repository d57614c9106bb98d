// Ingest-time transformations of a running server: checked, kept, shown, and tried on what is stored already.
//
// Any thread. Texts out are JSON, as the API carries them.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "control/control_db.hpp"
#include "detect/rule_library.hpp"
#include "query/query_service.hpp"
#include "roles/row_transformer.hpp"
#include "serve/api.hpp"

namespace yagura::roles {

class TransformationDesk final : public serve::TransformationDesk {
 public:
  using Schemas = std::function<std::shared_ptr<const event::SchemaSet>()>;
  // All outlive the desk.
  TransformationDesk(control::ControlDb& control, RowTransformer& transformer, query::QueryService& query, const detect::RuleLibrary& rules, Schemas schemas)
      : control_(control), transformer_(transformer), query_(query), rules_(rules), schemas_(std::move(schemas)) {}

  Result<std::string> list() override;
  Result<std::string> show(std::string_view table) override;
  Result<std::string> put(std::string_view table, const Wanted& wanted, const control::Actor& actor) override;
  Result<> remove(std::string_view table, const control::Actor& actor) override;
  Result<std::string> preview(std::string_view table, const Wanted& wanted, std::int64_t from_ticks, std::int64_t to_ticks,
                              const std::atomic<bool>* cancelled) override;

 private:
  struct Checked {
    std::shared_ptr<const event::SchemaSet> schemas;  // keeps the table
    const event::TableSchema* table = nullptr;
    std::shared_ptr<const query::Transformation> transformation;
    std::vector<std::string> count_by;
  };
  Result<Checked> check(std::string_view table, const Wanted& wanted) const;

  control::ControlDb& control_;
  RowTransformer& transformer_;
  query::QueryService& query_;
  const detect::RuleLibrary& rules_;
  const Schemas schemas_;
};

}  // namespace yagura::roles
