// Rows of tables, as a Yagura server gives them to SIEM agents, written as messages for a SIEM.
//
// Stateless, any thread.
#pragma once
#include <boost/json.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "forward/encoder.hpp"

namespace yagura::roles {

// One message for each of [{"kind":"activity"|"alert","event":{column: value}}]. `host` is for rows that do not name theirs;
// `recovery_id` marks what is sent again, "" for nothing.
std::vector<std::string> encode_siem_events(const boost::json::array& events, const forward::Encoder& encoder, std::string_view host, std::string_view recovery_id);

}  // namespace yagura::roles
