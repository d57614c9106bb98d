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
    DECLARED("series_decompose", "series_decompose(series:array, period:integer?, trend:string?, test_points:integer?, threshold:number?) -> dynamic"),
    DECLARED("series_decompose_anomalies", "series_decompose_anomalies(series:array, threshold:number?, period:integer?, trend:string?, test_points:integer?, method:string?, seasonality:number?) -> dynamic"),
    DECLARED("series_decompose_forecast", "series_decompose_forecast(series:array, test_points:integer, period:integer?, trend:string?, threshold:number?) -> dynamic"),
    DECLARED("series_fit_2lines", "series_fit_2lines(series:array) -> dynamic"),
    DECLARED("series_fit_2lines_dynamic", "series_fit_2lines_dynamic(series:array) -> dynamic"),
    DECLARED("series_fit_poly", "series_fit_poly(y:array, x:array?, degree:int?) -> dynamic"),
    DECLARED("series_fft", "series_fft(series:array, imaginary:array?) -> dynamic"),
    DECLARED("series_ifft", "series_ifft(series:array, imaginary:array?) -> dynamic"),
    DECLARED("series_periods_detect", "series_periods_detect(series:array, min:number, max:number, count:long) -> dynamic"),
    {.name = "hll", .kind = Function::Kind::aggregate, .summary = "Not computed yet.", .signatures = "hll(value:not_real_or_bool, accuracy:integer?) -> dynamic", .naming = ResultName::prefix_and_first_argument},
    {.name = "hll_if", .kind = Function::Kind::aggregate, .summary = "Not computed yet.", .signatures = "hll_if(value:not_real_or_bool, predicate:bool, accuracy:integer?) -> dynamic", .naming = ResultName::prefix_and_first_argument},
    {.name = "hll_merge", .kind = Function::Kind::aggregate, .summary = "Not computed yet.", .signatures = "hll_merge(hll:array) -> dynamic", .naming = ResultName::prefix_and_first_argument},
    {.name = "tdigest", .kind = Function::Kind::aggregate, .summary = "Not computed yet.", .signatures = "tdigest(value:summable, weight:integer?) -> dynamic", .naming = ResultName::prefix_and_first_argument},
    {.name = "tdigest_merge", .aliases = "merge_tdigest", .kind = Function::Kind::aggregate, .summary = "Not computed yet.", .signatures = "tdigest_merge(digest:array) -> dynamic", .naming = ResultName::prefix_and_first_argument, .prefix = "merge_tdigests"},
    {.name = "buildschema", .kind = Function::Kind::aggregate, .summary = "Not computed yet.", .signatures = "buildschema(value:bag) -> dynamic", .naming = ResultName::prefix_and_first_argument, .prefix = "schema"},
    {.name = "dcount_hll", .summary = "Not computed yet.", .signatures = "dcount_hll(hll:array) -> long", .naming = ResultName::name_and_first_argument},
    {.name = "percentile_tdigest", .summary = "Not computed yet.", .signatures = "percentile_tdigest(digest:array, percentile:real) -> dynamic", .naming = ResultName::name_and_first_argument},
    {.name = "percentiles_array_tdigest", .summary = "Not computed yet.", .signatures = "percentiles_array_tdigest(digest:array, percentiles:array) -> dynamic; percentiles_array_tdigest(digest:array, percentile:real+) -> dynamic", .naming = ResultName::prefix_and_first_argument, .prefix = "percentile_tdigest"},
    DECLARED("percentrank_tdigest", "percentrank_tdigest(digest:array, value:scalar) -> real"),
    DECLARED("rank_tdigest", "rank_tdigest(digest:array, value:scalar) -> real"),
};

}  // namespace

std::span<const Function> declared_functions() { return kFunctions; }

}  // namespace yagura::kql
