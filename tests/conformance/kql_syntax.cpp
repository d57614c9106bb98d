// kql-syntax: what the parser says of each {"q": "..."} line of the standard input, for
// tests/differential/kql_syntax.py.
#include <boost/json.hpp>

#include <iostream>

#include "kql/parser.hpp"
#include "kql_suites.hpp"

namespace json = boost::json;

namespace yagura::conformance {

void print_kql_syntax() {
  for (std::string line; std::getline(std::cin, line);) {
    const auto query = json::parse(line).at("q").as_string();
    json::array out;
    for (const auto& d : kql::parse(std::string_view(query)).diagnostics)
      out.push_back(json::array{d.code, d.start, d.length});
    std::cout << json::serialize(out) << '\n';
  }
}

}  // namespace yagura::conformance
