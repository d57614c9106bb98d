// Which field goes into which column of a table, compiled for one schema.
//
// Built once, then read by any thread.
#pragma once
#include <span>
#include <unordered_map>

#include "base/hash.hpp"
#include "event/record.hpp"
#include "event/table_schema.hpp"
#include "normalise/table_writer.hpp"

namespace yagura::normalise {

struct FieldColumn {
  std::string_view field;
  std::string_view column;
};

// CEF keys to CommonSecurityLog columns: "CEF and CommonSecurityLog field mapping" of Microsoft Sentinel.
std::span<const FieldColumn> cef_columns();
// Normalised (ECS) fields that device packs set to CommonSecurityLog columns: the one place that says so.
std::span<const FieldColumn> ecs_columns();

class Mapping {
 public:
  Mapping(const event::TableSchema& schema, std::span<const FieldColumn> pairs);
  // The columns of a field (one key may fill two), empty when it has none.
  std::span<const std::size_t> columns_of(const event::Field& field) const {
    const auto number = field.id.number();
    if (number < by_number_.size() && field.id.is_listed()) {
      const auto& slot = by_number_[number];
      return {slots_.data() + slot.first, slot.second};
    }
    return {};
  }

 private:
  std::vector<std::pair<std::uint32_t, std::uint32_t>> by_number_;
  std::vector<std::size_t> slots_;
};

}  // namespace yagura::normalise
