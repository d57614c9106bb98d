// An HTTP answer in Native format as a BlockStream; knows how ClickHouse reports a failure in the middle of one.
#pragma once
#include <memory>
#include <vector>

#include "net/http_client.hpp"
#include "store/store.hpp"

namespace yagura::store {

Result<std::unique_ptr<BlockStream>> open_block_stream(std::unique_ptr<net::HttpBodyStream> stream, std::vector<event::ColumnSchema> columns,
                                                       Deadline deadline);

}  // namespace yagura::store
