#include "kql/compound.hpp"

#include <algorithm>

namespace yagura::kql {

std::span<const CompoundPart> compound_parts(std::string_view f) {
  using enum event::KqlType;
  static constexpr CompoundPart kStats[] = {{"min", real}, {"min_idx", int64}, {"max", real}, {"max_idx", int64},
                                            {"avg", real}, {"stdev", real}, {"variance", real}};
  static constexpr CompoundPart kFitLine[] = {{"rsquare", real}, {"slope", real}, {"variance", real},
                                              {"rvariance", real}, {"interception", real}, {"line_fit", dynamic}};
  static constexpr CompoundPart kFit2Lines[] = {
      {"rsquare", real}, {"split_idx", int64}, {"variance", real}, {"rvariance", real}, {"line_fit", dynamic},
      {"right_rsquare", real}, {"right_slope", real}, {"right_interception", real}, {"right_variance", real},
      {"right_rvariance", real}, {"left_rsquare", real}, {"left_slope", real}, {"left_interception", real},
      {"left_variance", real}, {"left_rvariance", real}};
  static constexpr CompoundPart kDecompose[] = {{"baseline", dynamic}, {"seasonal", dynamic}, {"trend", dynamic}, {"residual", dynamic}};
  static constexpr CompoundPart kAnomalies[] = {{"ad_flag", dynamic}, {"ad_score", dynamic}, {"baseline", dynamic}};
  static constexpr CompoundPart kForecast[] = {{"forecast", dynamic}, {"seasonal", dynamic}, {"trend", dynamic}, {"residual", dynamic}};
  static constexpr CompoundPart kPeriods[] = {{"periods", dynamic}, {"scores", dynamic}};
  static constexpr CompoundPart kFft[] = {{"real", dynamic}, {"imag", dynamic}};
  static constexpr CompoundPart kPoly[] = {{"rsquare", real}, {"coefficients", dynamic}, {"variance", real},
                                           {"rvariance", real}, {"poly_fit", dynamic}};
  if (f == "series_stats") return kStats;
  if (f == "series_fit_line") return kFitLine;
  if (f == "series_fit_2lines") return kFit2Lines;
  if (f == "series_decompose") return kDecompose;
  if (f == "series_decompose_anomalies") return kAnomalies;
  if (f == "series_decompose_forecast") return kForecast;
  if (f == "series_periods_detect" || f == "series_periods_validate") return kPeriods;
  if (f == "series_fft" || f == "series_ifft") return kFft;
  if (f == "series_fit_poly") return kPoly;
  return {};
}

std::string percentile_name(std::string_view text) {
  std::string out;
  for (const char c : text) out += (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ? c : '_';
  return out;
}

bool is_known_function_name(std::string_view name) {
  static constexpr std::string_view kNames[] = {
      "all", "any", "beta_cdf", "beta_inv", "beta_pdf", "bin_auto", "cluster", "cot", "current_cluster_endpoint",
      "current_principal", "current_principal_details", "current_principal_is_member_of", "cursor_after",
      "cursor_before_or_at", "cursor_current", "database", "dcount_hll", "entity_group", "extent_id", "extent_tags",
      "external_table", "geo_info_from_ip_address", "gzip_compress_to_base64_string", "gzip_decompress_from_base64_string",
      "hll_merge", "inner_nodes", "labels", "map", "materialized_view", "merge_tdigest", "node_degree_in",
      "node_degree_out", "node_id", "parse_user_agent", "parse_xml", "percentile_tdigest", "percentiles_array_tdigest",
      "percentrank_tdigest", "punycode_domain_from_string", "punycode_domain_to_string", "punycode_from_string",
      "punycode_to_string", "rank_tdigest", "row_id", "series_decompose", "series_decompose_anomalies",
      "series_decompose_forecast", "series_fft", "series_fir", "series_fit_2lines", "series_fit_2lines_dynamic",
      "series_fit_line", "series_fit_line_dynamic", "series_fit_poly", "series_ifft", "series_iir", "series_outliers",
      "series_periods_detect", "series_periods_validate", "series_seasonal", "stored_query_result", "tdigest_merge",
      "treepath", "welch_test", "zlib_compress_to_base64_string", "zlib_decompress_from_base64_string", "hll", "hll_if",
      "tdigest", "buildschema", "make_string", "series_fill_const", "series_fill_linear"};
  return std::ranges::find(kNames, name) != std::end(kNames) || name.starts_with("geo_") || name.starts_with("series_");
}

}  // namespace yagura::kql
