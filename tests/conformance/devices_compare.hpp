// How an expected field of the device cases is compared with what we found; the rules of cases/devices/README.md.
#pragma once
#include <boost/json.hpp>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace yagura::conformance {

using Found = std::map<std::string, boost::json::value, std::less<>>;

// `name` may end in #noyear or #local. `exact`: with case; weak fields are compared without.
bool equal_field(std::string_view name, const boost::json::value& expected, const Found& found, bool exact);

// "source.ip: expected 1.2.3.4, found nothing"
std::string describe_difference(std::string_view name, const boost::json::value& expected, const Found& found);

}  // namespace yagura::conformance
