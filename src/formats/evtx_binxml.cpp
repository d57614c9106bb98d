#include "formats/evtx_binxml.hpp"

#include <algorithm>

#include "base/hash.hpp"

namespace yagura::formats {

using event::Value;
using namespace evtx;

namespace {

constexpr int kMaxNesting = 16;                     // fragments inside values
constexpr std::size_t kMaxChunkText = 64 << 20;     // bytes that the records of one chunk may become
constexpr std::size_t kMaxChunkPrograms = 8 << 20;  // bytes of what its templates are compiled to
constexpr std::size_t kMaxKept = 8 << 20;           // bytes of the programs that are kept from chunk to chunk
constexpr std::size_t kMaxNameSize = 4'096;

}  // namespace

struct BinXml::Runner {
  BinXml& xml;
  Arena& arena;
  BinXmlSink& sink;
  std::size_t events = 0;

  // The program of the template instance at `at` (behind its token), and its values.
  Result<const Program*> instance(std::size_t at, std::size_t limit, std::vector<Substitution>& values) {
    const auto read = TRY(read_instance(xml.chunk_, at, limit, values));
    return xml.program_at(read.definition);
  }

  // One more step; false when there were too many.
  bool count() { return xml.text_left_ != 0 && ++events <= kMaxSteps; }
  [[gnu::cold]] std::unexpected<Error> too_much() const {
    if (xml.text_left_ == 0)
      return fail(ErrorKind::exhausted, "the records of the chunk have more than {} bytes of text", kMaxChunkText);
    return fail(ErrorKind::exhausted, "the record has more than {} pieces", kMaxSteps);
  }

  // A text that the sink may keep as long as the record.
  Value literal(const Program& program, const Value& value) const {
    return program.of_template || !value.is_string() ? value : Value::string(arena.copy(value.as_string()));
  }

  std::string_view bytes_of(const Substitution& value) const { return xml.chunk_.substr(value.at, value.size); }

  Value value_of(const Substitution& value, std::size_t item) {
    // One value may stand in many places of a template, so what it costs is counted each time.
    xml.text_left_ -= std::min<std::size_t>(xml.text_left_, value.size);
    if (!(value.type & kArray)) return scalar(value.type, bytes_of(value), arena);
    const auto items = array_items(value.type, bytes_of(value));
    events += items.size() / 16;
    if (item < items.size()) return scalar(value.type & 0x7F, items[item], arena);
    return Value::null();
  }

  Result<> run(const Program& program, const std::vector<Substitution>& values, int nesting) {
    return run(program, values, 0, program.steps.size(), 0, nesting);
  }

  // Steps [begin, end); `item` is the element of arrays that is being shown.
  Result<> run(const Program& program, const std::vector<Substitution>& values, std::size_t begin, std::size_t end,
               std::size_t item, int nesting) {
    using Kind = Program::Step::Kind;
    for (std::size_t i = begin; i < end; ++i) {
      const auto& step = program.steps[i];
      if (!count()) [[unlikely]]
        return too_much();
      switch (step.kind) {
        case Kind::begin: {
          if (step.leaf != 0 && run_leaf(program, values, i)) {
            i = step.end;
            break;
          }
          // An array repeats the element that it stands in, once for each of its items.
          const std::size_t repeat = step.may_repeat ? repetitions(program, values, i) : 1;
          for (std::size_t r = 0; r < repeat; ++r) {
            sink.begin_element(step.name);
            TRY(run(program, values, i + 1, step.end, repeat > 1 ? r : item, nesting));
            sink.end_element();
          }
          i = step.end;
          break;
        }
        case Kind::attribute: {
          TRY(run_attribute(program, values, i, item));
          i = step.end - 1;
          break;
        }
        case Kind::text: sink.text(literal(program, step.value), program.of_template); break;
        case Kind::substitution: {
          if (step.index >= values.size()) break;
          const auto& value = values[step.index];
          if (value.type == kBinXml) {
            if (value.size != 0) TRY(run_fragment(value.at, value.at + value.size, nesting + 1));
          } else if (const auto shown = value_of(value, item); !shown.is_null()) {
            sink.text(shown, false);
          }
          break;
        }
        case Kind::instance: {
          std::vector<Substitution> inner_values;
          const auto* inner = TRY(instance(step.at, xml.chunk_.size(), inner_values));
          if (nesting >= kMaxNesting) return fail(ErrorKind::corrupt, "templates are nested too deep");
          TRY(run(*inner, inner_values, nesting + 1));
          break;
        }
        case Kind::end: break;  // of the element whose steps these are
      }
    }
    return {};
  }

  // False when the element is more than it looks: an array, or XML inside.
  bool run_leaf(const Program& program, const std::vector<Substitution>& values, std::size_t begin) {
    using Kind = Program::Step::Kind;
    const auto& step = program.steps[begin];
    const auto& piece = program.steps[step.end - 1];
    Value value;
    bool of_template = false;
    if (piece.kind == Kind::text) {
      value = literal(program, piece.value);
      of_template = program.of_template && step.leaf == 1;
      // Beside an attribute it is not told that it is the template's: then it must be the record's.
      if (program.of_template && step.leaf == 2 && value.is_string())
        value = Value::string(arena.copy(value.as_string()));
    } else if (piece.index < values.size()) {
      const auto& substitution = values[piece.index];
      if (substitution.type == kBinXml || (substitution.type & kArray)) return false;
      value = value_of(substitution, 0);
    }
    events += 2;
    if (step.leaf == 1) {
      sink.leaf(step.name, {}, Value::null(), value, of_template);
      return true;
    }
    const auto written = literal(program, program.steps[begin + 2].value);
    // What is of the template is so with its attribute; a text of the record stays for itself.
    sink.leaf(step.name, program.steps[begin + 1].name, written.is_null() ? Value::string("") : written, value,
              program.of_template);
    return true;
  }

  std::size_t repetitions(const Program& program, const std::vector<Substitution>& values, std::size_t begin) const {
    using Kind = Program::Step::Kind;
    for (std::size_t i = begin + 1; i < program.steps[begin].end; ++i) {
      const auto& step = program.steps[i];
      if (step.kind == Kind::begin)
        i = step.end;
      else if (step.kind == Kind::attribute)
        i = step.end - 1;
      else if (step.kind == Kind::substitution && step.index < values.size() && (values[step.index].type & kArray))
        return std::max<std::size_t>(1, array_items(values[step.index].type, bytes_of(values[step.index])).size());
    }
    return 1;
  }

  Result<> run_attribute(const Program& program, const std::vector<Substitution>& values, std::size_t at,
                         std::size_t item) {
    using Kind = Program::Step::Kind;
    const auto& attribute = program.steps[at];
    Value whole;
    bool there = false;
    std::size_t literals = 0, pieces = 0;
    for (std::size_t i = at + 1; i < attribute.end; ++i) {
      const auto& step = program.steps[i];
      Value piece;
      if (step.kind == Kind::text) {
        piece = literal(program, step.value);
        literals += 1;
      } else if (step.kind == Kind::substitution && step.index < values.size()) {
        const auto& value = values[step.index];
        if (step.optional &&
            (value.type == kNull || (value.size == 0 && (value.type == kString || value.type == kAnsiString))))
          continue;
        piece = value_of(value, item);
        if (piece.is_null() && step.optional) continue;
      } else {
        continue;
      }
      ++pieces;
      if (!there) {
        whole = piece;
        there = true;
        continue;
      }
      std::string text;
      append_text(text, whole);
      append_text(text, piece);
      whole = Value::string(arena.copy(text));
    }
    if (there)
      sink.attribute(attribute.name, whole.is_null() ? Value::string("") : whole,
                     literals == 1 && pieces == 1 && program.of_template);
    return {};
  }

  Result<> run_fragment(std::size_t begin, std::size_t end, int nesting) {
    if (nesting > kMaxNesting) return fail(ErrorKind::corrupt, "fragments are nested too deep");
    // Nearly every fragment is a header and one template instance.
    std::size_t at = begin;
    const auto byte = [&](std::size_t i) {
      return i < end && i < xml.chunk_.size() ? static_cast<unsigned char>(xml.chunk_[i]) : 0U;
    };
    if (byte(at) == 0x0F) at += 4;
    if (byte(at) == 0x0C) {
      std::vector<Substitution> values;
      const auto* program = TRY(instance(at + 1, end, values));
      return run(*program, values, nesting + 1);
    }
    Program program = std::exchange(xml.spare_, {});  // there may be one inside of another
    program.steps.clear();
    program.arena.clear();
    TRY(compile(xml.chunk_, begin, end, false, xml, xml.program_bytes_left_, program));
    TRY(run(program, {}, nesting));
    xml.spare_ = std::move(program);
    return {};
  }
};

BinXml::BinXml() = default;
BinXml::~BinXml() = default;

void BinXml::set_chunk(std::string_view chunk) {
  chunk_ = chunk;
  for (const auto offset : used_offsets_) by_offset_[offset] = 0;
  used_offsets_.clear();
  of_chunk_.clear();
  of_this_chunk_only_.clear();
  names_.clear();
  names_arena_.clear();
  if (by_offset_.size() < chunk.size()) by_offset_.resize(chunk.size());
  if (kept_bytes_ > kMaxKept) {
    kept_.clear();
    kept_bytes_ = 0;
  }
  text_left_ = kMaxChunkText;
  program_bytes_left_ = kMaxChunkPrograms;
}

Result<std::string_view> BinXml::name_bytes_at(std::size_t offset) {
  Cursor cursor(chunk_, offset, chunk_.size());
  cursor.skip(6);  // the next of the same hash, the hash
  const auto size = cursor.number<std::uint16_t>();
  const auto bytes = cursor.take(std::size_t{size} * 2);
  if (!cursor.ok() || size > kMaxNameSize)
    return fail(ErrorKind::corrupt, "a name at byte {} of the chunk is cut off", offset);
  return bytes;
}

Result<std::string_view> BinXml::name_at(std::size_t offset) {
  const auto [known, fresh] = names_.try_emplace(static_cast<std::uint32_t>(offset));
  if (!fresh) return known->second;
  const auto bytes = name_bytes_at(offset);
  if (!bytes) {
    names_.erase(known);
    return std::unexpected(bytes.error());
  }
  return known->second = utf16_text(*bytes, names_arena_);
}

Result<const Program*> BinXml::program_at(std::size_t definition) {
  if (definition < by_offset_.size() && by_offset_[definition] != 0) {
    if (const auto* known = of_chunk_[by_offset_[definition] - 1U]) return known;
    return fail(ErrorKind::corrupt, "the template at byte {} of the chunk is damaged", definition);
  }
  Cursor header(chunk_, definition, chunk_.size());
  header.skip(4);  // the next of the same hash
  const auto guid = header.take(16);
  const auto size = header.number<std::uint32_t>();
  if (!header.ok() || size > chunk_.size() - header.at() || of_chunk_.size() == 0xFFFF)
    return fail(ErrorKind::corrupt, "the template at byte {} of the chunk is cut off", definition);
  of_chunk_.push_back(nullptr);  // damaged, until it is known not to be
  by_offset_[definition] = static_cast<std::uint16_t>(of_chunk_.size());
  used_offsets_.push_back(static_cast<std::uint32_t>(definition));
  // Each chunk has its own copy of the templates, and a file mostly the same ones in each of its chunks.
  const std::size_t begin = header.at(), end = begin + size;
  auto& kept = kept_[hash64(guid, size)];
  for (const auto& one : kept)
    if (is_same(*one, chunk_, begin, end, *this)) return of_chunk_.back() = one.get();
  auto program = std::make_unique<Program>();
  const std::size_t budget = program_bytes_left_;
  TRY(compile(chunk_, begin, end, true, *this, program_bytes_left_, *program),
      "reading the template at byte {} of the chunk", definition);
  program->number = ++programs_;
  auto& list = program->of_chunk || kept.size() >= 32 ? of_this_chunk_only_ : kept;
  if (&list == &kept) {
    program->bytes = chunk_.substr(begin, size);
    kept_bytes_ += budget - program_bytes_left_ + size + sizeof(Program);
  }
  program->steps.shrink_to_fit();
  list.push_back(std::move(program));
  return of_chunk_.back() = list.back().get();
}

Result<> BinXml::run(std::size_t begin, std::size_t end, Arena& arena, BinXmlSink& sink) {
  return Runner{*this, arena, sink}.run_fragment(begin, std::min(end, chunk_.size()), 0);
}

Result<> BinXml::run(const Program& program, const std::vector<Substitution>& values, Arena& arena, BinXmlSink& sink) {
  return Runner{*this, arena, sink}.run(program, values, 0);
}

}  // namespace yagura::formats
