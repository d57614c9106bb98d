#include "formats/evtx_program.hpp"

#include "base/text.hpp"

namespace yagura::formats::evtx {

using event::Value;

namespace {

constexpr int kMaxDepth = 64;  // elements inside elements
constexpr std::size_t kMaxSubstitutions = 4'096;

struct Compiler {
  std::string_view chunk;
  NameSource& source;
  Program& program;
  std::size_t first;  // byte of the chunk
  Cursor cursor;
  bool is_template;
  std::size_t& budget;

  std::unexpected<Error> error(std::string_view what) const {
    return fail(ErrorKind::corrupt, "{} at byte {} of the chunk", what, cursor.at());
  }

  // Many templates may be made of the same bytes.
  Result<> spend(std::size_t size) {
    if (size > budget)
      return fail(ErrorKind::exhausted, "the templates of the chunk are too large, at byte {} of it", cursor.at());
    budget -= size;
    return {};
  }

  Result<std::string_view> name() {
    const auto use = static_cast<std::uint32_t>(cursor.at() - first);
    const auto offset = cursor.number<std::uint32_t>();
    // A name that is used for the first time stands right here; it is its own definition.
    const bool is_inline = cursor.ok() && offset == cursor.at();
    if (is_inline) {
      cursor.skip(6);
      const auto size = cursor.number<std::uint16_t>();
      cursor.skip(std::size_t{size} * 2 + 2);
    }
    if (!cursor.ok()) return error("a name is cut off");
    const auto bytes = TRY(source.name_bytes_at(offset));
    TRY(spend(2 * bytes.size() + sizeof(Program::NameUse)));
    if (!is_template) return source.name_at(offset);
    program.names.push_back({use, is_inline, program.arena.copy(bytes)});
    return utf16_text(bytes, program.arena);
  }

  Result<> compile() {
    using Kind = Program::Step::Kind;
    std::vector<std::uint32_t> open;  // begin steps
    std::int64_t attribute = -1;      // the attribute whose value comes
    bool in_start = false;
    const auto close_attribute = [&] {
      if (attribute >= 0)
        program.steps[static_cast<std::size_t>(attribute)].end = static_cast<std::uint32_t>(program.steps.size());
      attribute = -1;
    };
    const auto add = [&](Program::Step step) { program.steps.push_back(std::move(step)); };
    for (bool done = false; !done && !cursor.at_end();) {
      if (program.steps.size() > kMaxSteps) return error("too many tokens");
      TRY(spend(sizeof(Program::Step)));
      const auto token = cursor.number<std::uint8_t>();
      switch (token & 0x3F) {
        case 0x00: done = true; break;
        case 0x01: {
          if (open.size() >= kMaxDepth) return error("elements are nested too deep");
          if (is_template) cursor.skip(2);
          cursor.skip(4);  // size of the element
          Program::Step step{.kind = Kind::begin};
          step.name = TRY(name());
          if (token & 0x40) cursor.skip(4);  // size of the attributes
          close_attribute();
          open.push_back(static_cast<std::uint32_t>(program.steps.size()));
          add(step);
          in_start = true;
          break;
        }
        case 0x02:  // the start tag ends
          close_attribute();
          in_start = false;
          break;
        case 0x03:  // "/>"
        case 0x04:  // the end tag
          close_attribute();
          in_start = false;
          if (open.empty()) return error("an element ends that has not begun");
          program.steps[open.back()].end = static_cast<std::uint32_t>(program.steps.size());
          mark_leaf(open.back());
          open.pop_back();
          add({.kind = Kind::end});
          break;
        case 0x05: {
          const auto type = cursor.number<std::uint8_t>();
          if (!cursor.ok()) return error("a value is cut off");
          Program::Step step{.kind = Kind::text};
          if (type == kString) {
            const auto size = cursor.number<std::uint16_t>();
            step.value = scalar(type, cursor.take(std::size_t{size} * 2), program.arena);
          } else if (const auto size = fixed_size(type); size != 0) {
            step.value = scalar(type, cursor.take(size), program.arena);
          } else {
            const auto length = cursor.number<std::uint16_t>();
            step.value = scalar(type, cursor.take(length), program.arena);
          }
          add(step);
          break;
        }
        case 0x06: {
          if (!in_start) return error("an attribute outside of a start tag");
          close_attribute();
          Program::Step step{.kind = Kind::attribute};
          step.name = TRY(name());
          attribute = static_cast<std::int64_t>(program.steps.size());
          add(step);
          break;
        }
        case 0x07: {  // CDATA
          const auto size = cursor.number<std::uint16_t>();
          add({.kind = Kind::text, .value = scalar(kString, cursor.take(std::size_t{size} * 2), program.arena)});
          break;
        }
        case 0x08: {  // character reference
          std::string text;
          utf8::append(text, cursor.number<std::uint16_t>());
          add({.kind = Kind::text, .value = Value::string(program.arena.copy(text))});
          break;
        }
        case 0x09: {  // entity reference
          const auto entity = TRY(name());
          const std::string_view text = entity == "amp"    ? "&"
                                        : entity == "lt"   ? "<"
                                        : entity == "gt"   ? ">"
                                        : entity == "quot" ? "\""
                                        : entity == "apos" ? "'"
                                                           : "";
          add({.kind = Kind::text,
               .value = Value::string(text.empty() ? program.arena.concat("&", entity, ";") : text)});
          break;
        }
        case 0x0A:  // processing instruction: its target, then
          TRY(name());
          break;
        case 0x0B: {  // its data
          const auto size = cursor.number<std::uint16_t>();
          cursor.skip(std::size_t{size} * 2);
          break;
        }
        case 0x0C: {  // a template instance
          Program::Step step{.kind = Kind::instance, .at = static_cast<std::uint32_t>(cursor.at())};
          std::vector<Substitution> values;
          cursor.skip(TRY(read_instance(chunk, cursor.at(), chunk.size(), values)).end - cursor.at());
          program.of_chunk = true;
          add(step);
          break;
        }
        case 0x0D:
        case 0x0E: {
          Program::Step step{.kind = Kind::substitution, .optional = (token & 0x3F) == 0x0E};
          step.index = cursor.number<std::uint16_t>();
          cursor.skip(1);  // the type that the template expects; the value has its own
          if (attribute < 0 && !open.empty()) program.steps[open.back()].may_repeat = true;
          add(step);
          break;
        }
        case 0x0F: cursor.skip(3); break;  // version and flags of the fragment
        default: return error(fmt::format("an unknown token 0x{:02x}", token));
      }
      if (!cursor.ok()) return error("a token is cut off");
    }
    close_attribute();
    // A fragment that is cut off still has its elements closed.
    while (!open.empty()) {
      program.steps[open.back()].end = static_cast<std::uint32_t>(program.steps.size());
      open.pop_back();
      add({.kind = Kind::end});
    }
    return {};
  }

  // Nearly every element of an event: <EventID>4624</EventID>, <Data Name="X">v</Data>.
  void mark_leaf(std::size_t begin) {
    using Kind = Program::Step::Kind;
    auto& steps = program.steps;
    const std::size_t end = steps[begin].end;
    const auto is_piece = [&](std::size_t i) {
      return steps[i].kind == Kind::text || steps[i].kind == Kind::substitution;
    };
    if (end == begin + 2 && is_piece(begin + 1)) steps[begin].leaf = 1;
    if (end == begin + 4 && steps[begin + 1].kind == Kind::attribute && steps[begin + 1].end == begin + 3 &&
        steps[begin + 2].kind == Kind::text && is_piece(begin + 3))
      steps[begin].leaf = 2;
  }
};

}  // namespace

Result<> compile(std::string_view chunk, std::size_t begin, std::size_t end, bool is_template, NameSource& names,
                 std::size_t& budget, Program& program) {
  program.of_template = is_template;
  return Compiler{chunk, names, program, begin, Cursor(chunk, begin, end), is_template, budget}.compile();
}

bool is_same(const Program& program, std::string_view chunk, std::size_t begin, std::size_t end, NameSource& names) {
  if (begin > end || end > chunk.size() || program.of_chunk) return false;
  const std::string_view now = chunk.substr(begin, end - begin);
  const std::string_view then = program.bytes;
  if (now.size() != then.size()) return false;
  // Equal but for where names stand in the chunk.
  std::size_t at = 0;
  const auto equal_until = [&](std::size_t to) {
    return to >= at && std::memcmp(now.data() + at, then.data() + at, to - at) == 0;
  };
  for (const auto& name : program.names) {
    if (!equal_until(name.at)) return false;
    const auto offset = number_at<std::uint32_t>(now.substr(name.at, 4));
    at = name.at + 4;
    if ((offset == begin + at) != name.is_inline) return false;
    if (name.is_inline) {
      at += 4;  // where the next name of the same hash stands
      continue;
    }
    const auto bytes = names.name_bytes_at(offset);
    if (!bytes || *bytes != name.in_utf16) return false;
  }
  return equal_until(now.size());
}

Result<Instance> read_instance(std::string_view chunk, std::size_t at, std::size_t limit,
                               std::vector<Substitution>& values) {
  Cursor cursor(chunk, at, limit);
  cursor.skip(5);  // unknown, template id
  Instance instance;
  instance.definition = cursor.number<std::uint32_t>();
  if (cursor.ok() && instance.definition == cursor.at()) {
    cursor.skip(20);
    const auto size = cursor.number<std::uint32_t>();
    cursor.skip(size);
  }
  const auto count = cursor.number<std::uint32_t>();
  if (!cursor.ok() || count > kMaxSubstitutions)
    return fail(ErrorKind::corrupt, "a template instance is cut off at byte {} of the chunk", cursor.at());
  values.resize(count);
  const auto headers = cursor.take(count * 4);
  if (cursor.ok()) {
    std::size_t place = cursor.at();
    for (std::size_t i = 0; i < count; ++i) {
      const auto header = number_at<std::uint32_t>(std::string_view(headers.data() + 4 * i, 4));
      const std::uint32_t size = header & 0xFFFF;
      values[i] = {static_cast<std::uint8_t>(header >> 16), static_cast<std::uint32_t>(place), size};
      place += size;
    }
    cursor.skip(place - cursor.at());
    instance.end = place;
  }
  if (!cursor.ok())
    return fail(ErrorKind::corrupt, "the values of a template instance are cut off at byte {} of the chunk",
                cursor.at());
  return instance;
}

}  // namespace yagura::formats::evtx
