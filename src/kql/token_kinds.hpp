// Every kind of word of KQL: punctuation, literals, keywords, and where a keyword may also be a name.
//
// Keywords that start with a letter are words only where the longest one matches whole: "project-away" is one word,
// "project-aw" three. The flags say where a keyword may stand for a name; all others need brackets: ['where'].
// https://learn.microsoft.com/kusto/query/schema-entities/entity-names
#pragma once
#include <cstdint>
#include <string_view>

namespace yagura::kql {

// clang-format off
#define YAGURA_KQL_PUNCTUATION(X) \
  X(open_paren, "(") X(close_paren, ")") X(open_bracket, "[") X(close_bracket, "]") \
  X(open_brace, "{") X(close_brace, "}") X(bar, "|") X(less_bar, "<|") X(plus, "+") X(minus, "-") \
  X(asterisk, "*") X(slash, "/") X(percent, "%") X(dot, ".") X(dot_dot, "..") X(bang, "!") \
  X(less, "<") X(less_equal, "<=") X(greater, ">") X(greater_equal, ">=") X(equal, "=") \
  X(equal_equal, "==") X(bang_equal, "!=") X(less_greater, "<>") X(colon, ":") X(semicolon, ";") \
  X(comma, ",") X(equal_tilde, "=~") X(bang_tilde, "!~") X(at, "@") X(question, "?") X(fat_arrow, "=>")

// X(kind, text, flags)
#define YAGURA_KQL_KEYWORDS(X) \
  X(kw___crosscluster, "__crossCluster", 0) \
  X(kw___crossdb, "__crossDB", 0) \
  X(kw___id, "__id", 0) \
  X(kw___isfuzzy, "__isFuzzy", 0) \
  X(kw___nowithsource, "__noWithSource", 0) \
  X(kw___packedcolumn, "__packedColumn", 0) \
  X(kw___sourcecolumnindex, "__sourceColumnIndex", 0) \
  X(kw_3dchart, "3Dchart", 0) \
  X(kw_access, "access", TokenFlags::kName) \
  X(kw_accumulate, "accumulate", TokenFlags::kExtendedName) \
  X(kw_alias, "alias", TokenFlags::kName) \
  X(kw_and, "and", 0) \
  X(kw_anomalychart, "anomalychart", 0) \
  X(kw_areachart, "areachart", 0) \
  X(kw_as, "as", TokenFlags::kExtendedName) \
  X(kw_asc, "asc", 0) \
  X(kw_assert_schema, "assert-schema", 0) \
  X(kw_bagexpansion, "bagexpansion", 0) \
  X(kw_barchart, "barchart", 0) \
  X(kw_between, "between", 0) \
  X(kw_bin, "bin", TokenFlags::kName) \
  X(kw_bin_legacy, "bin_legacy", 0) \
  X(kw_by, "by", TokenFlags::kExtendedName) \
  X(kw_cachingpolicy, "cachingpolicy", 0) \
  X(kw_callout, "callout", 0) \
  X(kw_cancel, "cancel", 0) \
  X(kw_card, "card", 0) \
  X(kw_columnchart, "columnchart", 0) \
  X(kw_commands_and_queries, "commands-and-queries", 0) \
  X(kw_consume, "consume", TokenFlags::kName) \
  X(kw_contains, "contains", TokenFlags::kExtendedName) \
  X(kw_containscs, "containscs", 0) \
  X(kw_contains_cs, "contains_cs", 0) \
  X(kw___contextual_datatable, "__contextual_datatable", 0) \
  X(kw_count, "count", TokenFlags::kName) \
  X(kw_cycles, "cycles", 0) \
  X(kw_database, "database", TokenFlags::kName) \
  X(kw_dataexport, "dataexport", 0) \
  X(kw_datascope, "datascope", 0) \
  X(kw_datatable, "datatable", TokenFlags::kExtendedName) \
  X(kw_declare, "declare", TokenFlags::kName) \
  X(kw_decodeblocks, "decodeblocks", 0) \
  X(kw_default, "default", TokenFlags::kName) \
  X(kw_desc, "desc", 0) \
  X(kw_distinct, "distinct", TokenFlags::kName) \
  X(kw_earliest, "earliest", TokenFlags::kExtendedName) \
  X(kw_encodingpolicy, "encodingpolicy", 0) \
  X(kw_endswith, "endswith", 0) \
  X(kw_endswith_cs, "endswith_cs", 0) \
  X(kw_entity_group, "entity_group", TokenFlags::kName) \
  X(kw_evaluate, "evaluate", TokenFlags::kName) \
  X(kw___executeandcache, "__executeAndCache", 0) \
  X(kw_expandoutput, "expandoutput", 0) \
  X(kw_extend, "extend", TokenFlags::kName) \
  X(kw_extent_tags_retention, "extent_tags_retention", 0) \
  X(kw_externaldata, "externaldata", TokenFlags::kExtendedName) \
  X(kw_external_data, "external_data", 0) \
  X(kw_dataformat, "dataformat", TokenFlags::kName) \
  X(kw_inline_external_table, "inline_external_table", TokenFlags::kName) \
  X(kw_datetime_pattern, "datetime_pattern", TokenFlags::kName) \
  X(kw_facet, "facet", TokenFlags::kName) \
  X(kw_filter, "filter", TokenFlags::kName) \
  X(kw_find, "find", TokenFlags::kExtendedName) \
  X(kw_first, "first", 0) \
  X(kw_flags, "flags", 0) \
  X(kw_fork, "fork", TokenFlags::kName) \
  X(kw_from, "from", TokenFlags::kName) \
  X(kw_getschema, "getschema", TokenFlags::kName) \
  X(kw_granny_asc, "granny-asc", 0) \
  X(kw_granny_desc, "granny-desc", 0) \
  X(kw_graph_match, "graph-match", 0) \
  X(kw_graph_shortest_paths, "graph-shortest-paths", 0) \
  X(kw_graph_to_table, "graph-to-table", 0) \
  X(kw_edges, "edges", TokenFlags::kName) \
  X(kw_harddelete, "harddelete", 0) \
  X(kw_hardretention, "hardretention", 0) \
  X(kw_has, "has", TokenFlags::kExtendedName) \
  X(kw_has_any, "has_any", 0) \
  X(kw_has_all, "has_all", 0) \
  X(kw_has_cs, "has_cs", 0) \
  X(kw_hasprefix, "hasprefix", 0) \
  X(kw_hasprefix_cs, "hasprefix_cs", 0) \
  X(kw_hassuffix, "hassuffix", 0) \
  X(kw_hassuffix_cs, "hassuffix_cs", 0) \
  X(kw_hint_concurrency, "hint.concurrency", 0) \
  X(kw_hint_distribution, "hint.distribution", 0) \
  X(kw_hint_materialized, "hint.materialized", 0) \
  X(kw_hint_num_partitions, "hint.num_partitions", 0) \
  X(kw_hint_shufflekey, "hint.shufflekey", 0) \
  X(kw_hint_spread, "hint.spread", 0) \
  X(kw_hint_remote, "hint.remote", 0) \
  X(kw_hint_strategy, "hint.strategy", 0) \
  X(kw_hint_progressive_top, "hint.progressive_top", 0) \
  X(kw_hotcache, "hotcache", 0) \
  X(kw_id, "id", TokenFlags::kName) \
  X(kw_in, "in", TokenFlags::kExtendedName) \
  X(kw_in_tilde, "in~", 0) \
  X(kw_invoke, "invoke", TokenFlags::kExtendedName) \
  X(kw_isfuzzy, "isfuzzy", 0) \
  X(kw_best_effort, "best_effort", TokenFlags::kName) \
  X(kw_force_remote, "force_remote", 0) \
  X(kw_join, "join", TokenFlags::kName) \
  X(kw_journal, "journal", 0) \
  X(kw_kind, "kind", TokenFlags::kSpecialName) \
  X(kw_ladderchart, "ladderchart", 0) \
  X(kw_last, "last", 0) \
  X(kw_latest, "latest", TokenFlags::kExtendedName) \
  X(kw_let, "let", TokenFlags::kName) \
  X(kw_like, "like", 0) \
  X(kw_likecs, "likecs", 0) \
  X(kw_limit, "limit", TokenFlags::kName) \
  X(kw_linechart, "linechart", 0) \
  X(kw_lookup, "lookup", TokenFlags::kName) \
  X(kw_macro_expand, "macro-expand", 0) \
  X(kw_make_graph, "make-graph", 0) \
  X(kw_graph_mark_components, "graph-mark-components", 0) \
  X(kw_graph_where_nodes, "graph-where-nodes", 0) \
  X(kw_graph_where_edges, "graph-where-edges", 0) \
  X(kw_make_series, "make-series", 0) \
  X(kw_matches_regex, "matches regex", 0) \
  X(kw_materialize, "materialize", TokenFlags::kExtendedName) \
  X(kw_materialized_view_combine, "materialized-view-combine", 0) \
  X(kw_materialized_views, "materialized-views", 0) \
  X(kw_mdm, "mdm", TokenFlags::kExtendedName) \
  X(kw_missing, "missing", 0) \
  X(kw_mvapply, "mvapply", TokenFlags::kName) \
  X(kw_mv_apply, "mv-apply", 0) \
  X(kw_mv_expand, "mv-expand", 0) \
  X(kw_mvexpand, "mvexpand", TokenFlags::kName) \
  X(kw_nodes, "nodes", TokenFlags::kName) \
  X(kw_nooptimization, "nooptimization", 0) \
  X(kw_not_between, "!between", 0) \
  X(kw_notcontains, "notcontains", 0) \
  X(kw_notcontainscs, "notcontainscs", 0) \
  X(kw_not_contains, "!contains", 0) \
  X(kw_not_contains_cs, "!contains_cs", 0) \
  X(kw_not_endswith, "!endswith", 0) \
  X(kw_not_endswith_cs, "!endswith_cs", 0) \
  X(kw_not_has, "!has", 0) \
  X(kw_not_has_cs, "!has_cs", 0) \
  X(kw_not_hasprefix, "!hasprefix", 0) \
  X(kw_not_hasprefix_cs, "!hasprefix_cs", 0) \
  X(kw_not_hassuffix, "!hassuffix", 0) \
  X(kw_not_hassuffix_cs, "!hassuffix_cs", 0) \
  X(kw_not_in, "!in", 0) \
  X(kw_not_in_tilde, "!in~", 0) \
  X(kw_notlike, "notlike", 0) \
  X(kw_notlikecs, "notlikecs", 0) \
  X(kw_not_startswith, "!startswith", 0) \
  X(kw_not_startswith_cs, "!startswith_cs", 0) \
  X(kw_null, "null", TokenFlags::kName) \
  X(kw_nulls, "nulls", TokenFlags::kName) \
  X(kw_of, "of", TokenFlags::kExtendedName) \
  X(kw_on, "on", TokenFlags::kName) \
  X(kw_optional, "optional", TokenFlags::kName) \
  X(kw_or, "or", 0) \
  X(kw_order, "order", TokenFlags::kName) \
  X(kw_others, "others", 0) \
  X(kw_output, "output", TokenFlags::kName) \
  X(kw_pack, "pack", TokenFlags::kName) \
  X(kw_parse, "parse", TokenFlags::kName) \
  X(kw_parse_where, "parse-where", 0) \
  X(kw_parse_kv, "parse-kv", 0) \
  X(kw_partitioned_by, "partitioned-by", 0) \
  X(kw___partitionby, "__partitionby", TokenFlags::kName) \
  X(kw_partition, "partition", TokenFlags::kName) \
  X(kw_pathformat, "pathformat", 0) \
  X(kw_pattern, "pattern", TokenFlags::kName) \
  X(kw_piechart, "piechart", 0) \
  X(kw_pivotchart, "pivotchart", 0) \
  X(kw_plotly, "plotly", TokenFlags::kName) \
  X(kw_graph, "graph", TokenFlags::kName) \
  X(kw_print, "print", TokenFlags::kExtendedName) \
  X(kw_project, "project", 0) \
  X(kw_project_away, "project-away", 0) \
  X(kw_project_by_names, "project-by-names", 0) \
  X(kw___projectaway, "__projectAway", 0) \
  X(kw_project_keep, "project-keep", 0) \
  X(kw_project_rename, "project-rename", 0) \
  X(kw_project_reorder, "project-reorder", 0) \
  X(kw_project_smart, "project-smart", 0) \
  X(kw_queries, "queries", 0) \
  X(kw_query_parameters, "query_parameters", TokenFlags::kName) \
  X(kw_query_results, "query_results", 0) \
  X(kw_range, "range", TokenFlags::kName) \
  X(kw_reduce, "reduce", TokenFlags::kName) \
  X(kw_regex, "regex", TokenFlags::kName) \
  X(kw_relaxed, "relaxed", 0) \
  X(kw_render, "render", TokenFlags::kName) \
  X(kw_restricted_view_access, "restricted_view_access", 0) \
  X(kw_restrict, "restrict", TokenFlags::kName) \
  X(kw_row_level_security, "row_level_security", 0) \
  X(kw_rowstore, "rowstore", 0) \
  X(kw_rowstore_references, "rowstore_references", 0) \
  X(kw_rowstore_sealinfo, "rowstore_sealinfo", 0) \
  X(kw_rowstorepolicy, "rowstorepolicy", 0) \
  X(kw_rowstores, "rowstores", 0) \
  X(kw_sample, "sample", TokenFlags::kExtendedName) \
  X(kw_sample_distinct, "sample-distinct", TokenFlags::kExtendedName) \
  X(kw_scan, "scan", TokenFlags::kName) \
  X(kw_scatterchart, "scatterchart", 0) \
  X(kw_seal, "seal", 0) \
  X(kw_seals, "seals", 0) \
  X(kw_search, "search", TokenFlags::kExtendedName) \
  X(kw_serialize, "serialize", TokenFlags::kName) \
  X(kw_set, "set", TokenFlags::kExtendedName) \
  X(kw_set_or_append, "set-or-append", 0) \
  X(kw_set_or_replace, "set-or-replace", 0) \
  X(kw_shards, "shards", 0) \
  X(kw_simple, "simple", 0) \
  X(kw_softdelete, "softdelete", 0) \
  X(kw_softretention, "softretention", 0) \
  X(kw_sort, "sort", TokenFlags::kName) \
  X(kw_sql, "sql", TokenFlags::kExtendedName) \
  X(kw_stackedareachart, "stackedareachart", 0) \
  X(kw_startswith, "startswith", 0) \
  X(kw_startswith_cs, "startswith_cs", 0) \
  X(kw_statistics, "statistics", 0) \
  X(kw_step, "step", TokenFlags::kName) \
  X(kw_storedqueryresultcontainers, "storedqueryresultcontainers", 0) \
  X(kw_summarize, "summarize", TokenFlags::kName) \
  X(kw_tablepurge, "tablepurge", 0) \
  X(kw_take, "take", TokenFlags::kName) \
  X(kw_timechart, "timechart", 0) \
  X(kw_timeline, "timeline", 0) \
  X(kw_timepivot, "timepivot", 0) \
  X(kw_title, "title", TokenFlags::kExtendedName) \
  X(kw_to, "to", TokenFlags::kExtendedName) \
  X(kw_top, "top", TokenFlags::kName) \
  X(kw_top_hitters, "top-hitters", TokenFlags::kExtendedName) \
  X(kw_top_nested, "top-nested", TokenFlags::kExtendedName) \
  X(kw_toscalar, "toscalar", TokenFlags::kExtendedName) \
  X(kw_totable, "totable", TokenFlags::kExtendedName) \
  X(kw_treemap, "treemap", 0) \
  X(kw_typeof, "typeof", TokenFlags::kName) \
  X(kw_union, "union", 0) \
  X(kw_unrestrictedviewers, "unrestrictedviewers", 0) \
  X(kw_uuid, "uuid", TokenFlags::kName | TokenFlags::kType) \
  X(kw_verbose, "verbose", TokenFlags::kExtendedName) \
  X(kw_viewers, "viewers", TokenFlags::kExtendedName) \
  X(kw_view, "view", TokenFlags::kName) \
  X(kw_views, "views", 0) \
  X(kw_where, "where", TokenFlags::kExtendedName) \
  X(kw_with_itemindex, "with_itemindex", 0) \
  X(kw_with, "with", TokenFlags::kName) \
  X(kw_with_match_id, "with_match_id", 0) \
  X(kw_with_source, "with_source", TokenFlags::kSpecialName) \
  X(kw_with_step_name, "with_step_name", 0) \
  X(kw_withsource, "withsource", TokenFlags::kSpecialName) \
  X(kw_with_node_id, "with_node_id", TokenFlags::kName) \
  X(kw_writeaheadlog, "writeaheadlog", 0) \
  X(kw_bool, "bool", TokenFlags::kName | TokenFlags::kType) \
  X(kw_boolean, "boolean", TokenFlags::kType) \
  X(kw_int8, "int8", TokenFlags::kType) \
  X(kw_char, "char", TokenFlags::kType) \
  X(kw_uint8, "uint8", TokenFlags::kType) \
  X(kw_byte, "byte", TokenFlags::kType) \
  X(kw_int16, "int16", TokenFlags::kType) \
  X(kw_uint16, "uint16", TokenFlags::kType) \
  X(kw_int, "int", TokenFlags::kType) \
  X(kw_int32, "int32", TokenFlags::kType) \
  X(kw_uint, "uint", TokenFlags::kType) \
  X(kw_uint32, "uint32", TokenFlags::kType) \
  X(kw_long, "long", TokenFlags::kType) \
  X(kw_int64, "int64", TokenFlags::kType) \
  X(kw_ulong, "ulong", TokenFlags::kType) \
  X(kw_uint64, "uint64", TokenFlags::kType) \
  X(kw_float, "float", TokenFlags::kType) \
  X(kw_real, "real", TokenFlags::kType) \
  X(kw_decimal, "decimal", TokenFlags::kType) \
  X(kw_double, "double", TokenFlags::kType) \
  X(kw_string, "string", TokenFlags::kType) \
  X(kw_time, "time", TokenFlags::kType) \
  X(kw_timespan, "timespan", TokenFlags::kType) \
  X(kw_date, "date", TokenFlags::kType) \
  X(kw_datetime, "datetime", TokenFlags::kType) \
  X(kw_guid, "guid", TokenFlags::kName | TokenFlags::kType) \
  X(kw_uniqueid, "uniqueid", TokenFlags::kType) \
  X(kw_dynamic, "dynamic", TokenFlags::kType)

// clang-format on

enum class TokenKind : std::uint16_t {
  none,  // behind the end
  end_of_text,
  bad,        // a character that is none of the language's
  directive,  // # to the end of the line
  identifier,
  string_literal,
  boolean_literal,
  long_literal,
  int_literal,
  real_literal,
  decimal_literal,
  datetime_literal,
  timespan_literal,
  guid_literal,
  raw_guid_literal,  // a guid without guid(...): an error, but one with a name
#define X(kind, text) kind,
  YAGURA_KQL_PUNCTUATION(X)
#undef X
#define X(kind, text, flags) kind,
      YAGURA_KQL_KEYWORDS(X)
#undef X
          count_of_kinds
};

struct TokenFlags {
  static constexpr std::uint8_t kName = 1;          // may be a name anywhere
  static constexpr std::uint8_t kExtendedName = 2;  // may be a name in some more places: after a dot, in wildcards
  static constexpr std::uint8_t kType = 4;          // names a scalar type
  static constexpr std::uint8_t kSpecialName = 8;   // may be a name where a column is declared
};

std::string_view fixed_text(TokenKind kind);  // of punctuation and keywords; else ""
std::uint8_t flags_of(TokenKind kind);
constexpr bool is_keyword(TokenKind kind) { return kind > TokenKind::fat_arrow && kind < TokenKind::count_of_kinds; }
inline bool keyword_can_be_name(TokenKind kind) { return (flags_of(kind) & TokenFlags::kName) != 0; }
inline bool keyword_can_be_extended_name(TokenKind kind) {
  return (flags_of(kind) & (TokenFlags::kName | TokenFlags::kExtendedName)) != 0;
}

}  // namespace yagura::kql
