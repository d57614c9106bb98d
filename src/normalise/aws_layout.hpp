// Records of AWS services as rows of Sentinel's AWS tables: which path goes into which column. Private to the router; built once
// per schema, then used by any thread. docs/aws.md has the mappings.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "event/record.hpp"
#include "event/table_schema.hpp"
#include "normalise/table_writer.hpp"

namespace yagura::normalise {

enum class PathKind : std::uint8_t {
  value,
  json,           // the value, and whatever lies below it, as JSON
  epoch_seconds,  // a number as a datetime
  epoch_milliseconds,
};

struct PathColumn {
  std::string_view path;  // "userIdentity.sessionContext.sessionIssuer.userName"
  std::string_view column;
  PathKind kind = PathKind::value;
};

// Empty for a table that is none of AWS's.
std::span<const PathColumn> aws_paths(std::string_view table);

class AwsLayout {
 public:
  AwsLayout(const event::TableSchema& schema, std::span<const PathColumn> paths);
  void add(TableWriter& rows, const event::Record& record, std::string& scratch) const;

 private:
  struct Target {
    std::size_t column = kNoColumn;
    PathKind kind = PathKind::value;
  };
  std::unordered_multimap<std::string_view, Target> exact_;
  std::vector<std::pair<std::string, std::size_t>> trees_;  // "requestParameters." and the column of all below it
  std::size_t source_system_, time_generated_;
  bool is_trail_;
  std::size_t ip_protocol_, source_port_, destination_port_, cidr_ip_;
  std::size_t raw_;  // the record's text as it came
};

}  // namespace yagura::normalise
