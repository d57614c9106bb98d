#include "engine/engine_options.hpp"

#include <boost/json.hpp>

namespace yagura::engine {

namespace json = boost::json;

std::string to_json(const EngineOptions& options) {
  json::object out{{"data", options.data.string()},
                   {"library", options.library.string()},
                   {"unix_socket", options.unix_socket.string()},
                   {"secret", options.secret},
                   {"max_memory", options.max_memory.count()}};
  if (options.tcp) {
    out["tcp"] = json::object{{"address", options.tcp->address},
                              {"port", options.tcp->port},
                              {"certificate", options.tcp->certificate.string()},
                              {"private_key", options.tcp->private_key.string()},
                              {"user", options.tcp->user},
                              {"password", options.tcp->password},
                              {"max_execution_time", options.tcp->max_execution_time.count()},
                              {"max_memory", options.tcp->max_memory.count()},
                              {"max_result_rows", options.tcp->max_result_rows},
                              {"max_result", options.tcp->max_result.count()}};
  }
  return json::serialize(out);
}

Result<EngineOptions> engine_options_from_json(std::string_view text) try {
  const json::value root = json::parse(text);
  const json::object& object = root.as_object();
  const auto word = [](const json::object& from, std::string_view key) { return std::string(from.at(key).as_string()); };
  const auto number = [](const json::object& from, std::string_view key) { return from.at(key).to_number<std::uint64_t>(); };
  EngineOptions out;
  out.data = word(object, "data");
  out.library = word(object, "library");
  out.unix_socket = word(object, "unix_socket");
  out.secret = word(object, "secret");
  out.max_memory = Bytes(number(object, "max_memory"));
  if (const auto* tcp = object.if_contains("tcp")) {
    const json::object& from = tcp->as_object();
    out.tcp.emplace();
    out.tcp->address = word(from, "address");
    out.tcp->port = from.at("port").to_number<std::uint16_t>();
    out.tcp->certificate = word(from, "certificate");
    out.tcp->private_key = word(from, "private_key");
    out.tcp->user = word(from, "user");
    out.tcp->password = word(from, "password");
    out.tcp->max_execution_time = std::chrono::seconds(number(from, "max_execution_time"));
    out.tcp->max_memory = Bytes(number(from, "max_memory"));
    out.tcp->max_result_rows = number(from, "max_result_rows");
    out.tcp->max_result = Bytes(number(from, "max_result"));
  }
  return out;
} catch (const std::exception& exception) {
  return fail(ErrorKind::invalid_input, "the engine's options are not what the supervisor writes: {}", exception.what());
}

}  // namespace yagura::engine
