// Functions of Kusto whose names and types are known here but that nothing computes yet: a query that calls one binds,
// and is then refused with "not supported yet" at the call.
#include "kql/function.hpp"

namespace yagura::kql {

namespace {

#define DECLARED(text_name, text_signatures) {.name = text_name, .summary = "Not computed yet.", .signatures = text_signatures}

constexpr Function kFunctions[] = {
    DECLARED("geo_info_from_ip_address", "geo_info_from_ip_address(ip:string) -> dynamic"),
    DECLARED("parse_user_agent", "parse_user_agent(agent:string, look_for:string_or_array?) -> dynamic"),
    {.name = "parse_xml", .summary = "Not computed yet.", .signatures = "parse_xml(xml:string_or_dynamic) -> dynamic", .naming = ResultName::first_argument},
    DECLARED("gzip_decompress_from_base64_string", "gzip_decompress_from_base64_string(text:string) -> string"),
    DECLARED("gzip_compress_to_base64_string", "gzip_compress_to_base64_string(text:string) -> string"),
    DECLARED("zlib_decompress_from_base64_string", "zlib_decompress_from_base64_string(text:string) -> string"),
    DECLARED("zlib_compress_to_base64_string", "zlib_compress_to_base64_string(text:string) -> string"),
    DECLARED("datetime_list_timezones", "datetime_list_timezones() -> dynamic"),
};

}  // namespace

std::span<const Function> declared_functions() { return kFunctions; }

}  // namespace yagura::kql
