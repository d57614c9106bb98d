// How queries read files elsewhere: the settings' mirror folder and allowed addresses, fetched over HTTP.
#pragma once
#include "query/external_data.hpp"

namespace yagura::roles {

query::ExternalDataOptions external_data(std::filesystem::path mirror, std::vector<std::string> allowed);

}  // namespace yagura::roles
