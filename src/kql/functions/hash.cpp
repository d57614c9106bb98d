// Digests of a value's text. https://learn.microsoft.com/kusto/query/hash-function
#include <fmt/format.h>

#include "kql/sql_expression.hpp"

namespace yagura::kql {

namespace {

// What Kusto hashes: the text of a string, the little-endian bytes of a number.
std::string hashed_bytes(SqlCall& call, std::size_t i) {
  switch (call.type(i)) {
    case Type::string:
    case Type::dynamic: return call.arg(i);
    case Type::int32:
    case Type::int64: return "reinterpretAsFixedString(toInt64(" + call.arg(i) + "))";
    case Type::datetime: return fmt::format("reinterpretAsFixedString({} + 621355968000000000)", sql::ticks_of(call.arg(i)));
    case Type::timespan: return "reinterpretAsFixedString(toInt64(" + call.arg(i) + "))";
    case Type::real: return "reinterpretAsFixedString(toFloat64(" + call.arg(i) + "))";
    default: return fmt::format("if(isNull({0}), NULL, {1})", call.shared(i), sql::to_text(call.type(i), call.shared(i)));
  }
}

std::string signed_hash(const std::string& bytes) { return "reinterpretAsInt64(xxHash64(" + bytes + "))"; }

Sql emit_xxhash(SqlCall& call) {
  const std::string hash = signed_hash(hashed_bytes(call, 0));
  if (call.size() == 1) return call.value(hash);
  const std::string modulus = call.name("toInt64(" + call.arg(1) + ")");
  return call.value(fmt::format("if({0} = 0, NULL, abs({1} % nullIf({0}, 0)))", modulus, hash), true);
}

template <const char* digest>
Sql emit_digest(SqlCall& call) {
  std::string bytes = call.type(0) == Type::string ? call.arg(0) : sql::to_text(call.type(0), call.shared(0));
  return call.value(fmt::format("lower(hex({}({})))", digest, bytes));
}
constexpr char kMd5[] = "MD5", kSha1[] = "SHA1", kSha256[] = "SHA256";

// Mixes 64-bit hashes into one.
std::string with_hash(SqlCall& call, const std::string& combined, const std::string& hash) {
  return fmt::format("bitXor({0}, {1} + 0x9E3779B9 + bitShiftLeft({0}, 6) + bitShiftRight({0}, 2))", call.name(combined), hash);
}

Sql emit_combine(SqlCall& call) {
  std::string combined = "toUInt64(0)";
  for (std::size_t i = 0; i < call.size(); ++i) combined = with_hash(call, combined, fmt::format("reinterpretAsUInt64(toInt64({}))", call.arg(i)));
  return call.value(fmt::format("reinterpretAsInt64({})", combined));
}

// hash_many(a, b) is hash_combine(hash(a), hash(b)).
Sql emit_many(SqlCall& call) {
  std::string combined = "toUInt64(0)";
  for (std::size_t i = 0; i < call.size(); ++i) combined = with_hash(call, combined, "xxHash64(" + hashed_bytes(call, i) + ")");
  return call.value(fmt::format("reinterpretAsInt64({})", combined));
}

constexpr Function kFunctions[] = {
    {.name = "hash", .summary = "A hash (xxHash64) of the value, optionally modulo a number. It may change between releases.",
     .signatures = "hash(source:not_dynamic, mod:integer?) -> long", .emit = emit_xxhash, .examples = {{{"hash('World')", "1846988464401551951"}, {"hash('World', 100)", "51"}}}},
    {.name = "hash_xxhash64", .summary = "xxHash64 of the value, optionally modulo a number.", .signatures = "hash_xxhash64(source:not_dynamic, mod:integer?) -> long",
     .emit = emit_xxhash, .examples = {{{"hash_xxhash64('World')", "1846988464401551951"}}}},
    {.name = "hash_md5", .summary = "MD5 in hexadecimal.", .signatures = "hash_md5(source:not_dynamic) -> string", .emit = emit_digest<kMd5>,
     .examples = {{{"hash_md5('World')", "f5a7924e621e84c9280a9a27e1bcb7f6"}}}},
    {.name = "hash_sha1", .summary = "SHA-1 in hexadecimal.", .signatures = "hash_sha1(source:not_dynamic) -> string", .emit = emit_digest<kSha1>,
     .examples = {{{"hash_sha1('World')", "70c07ec18ef89c5309bbb0937f3a6342411e1fdd"}}}},
    {.name = "hash_sha256", .summary = "SHA-256 in hexadecimal.", .signatures = "hash_sha256(source:not_dynamic) -> string", .emit = emit_digest<kSha256>,
     .examples = {{{"hash_sha256('World')", "78ae647dc5544d227130a0682a51e30bc7777fbb6d8a8f17007463a3ecd1d524"}}}},
    {.name = "hash_combine", .summary = "One hash of two or more.", .signatures = "hash_combine(hash:integer+) -> long", .emit = emit_combine},
    {.name = "hash_many", .summary = "One hash of two or more values.", .signatures = "hash_many(source:not_dynamic+) -> long", .emit = emit_many,
     .examples = {{{"hash_many('a', 1) == hash_combine(hash('a'), hash(1))", "true"}}}},
};

}  // namespace

std::span<const Function> hash_functions() { return kFunctions; }

}  // namespace yagura::kql
