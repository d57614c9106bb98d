#include <yaml-cpp/yaml.h>

#include <fstream>
#include <sstream>

#include "kql_suites.hpp"

namespace yagura::conformance {

std::string sentinel_query(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::stringstream buffer;
  buffer << in.rdbuf();
  std::string text = buffer.str();
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  try {
    const YAML::Node root = YAML::Load(text);
    return root["query"] ? root["query"].as<std::string>() : "";
  } catch (const YAML::Exception&) {
    return "";
  }
}

}  // namespace yagura::conformance
