// For files of forward only: one maker a transport.
#pragma once
#include "forward/destination.hpp"

namespace yagura::forward {

std::string destination_name(const DestinationSettings& settings);
std::unique_ptr<Destination> make_stream_destination(DestinationSettings settings);
std::unique_ptr<Destination> make_relp_destination(DestinationSettings settings);
std::unique_ptr<Destination> make_udp_destination(DestinationSettings settings);

}  // namespace yagura::forward
