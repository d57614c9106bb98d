// Binary XML compiled: the tokens of a template, or of a fragment without one, as a flat list of steps.
//
// A program holds nothing of the chunk that it was made from (but for instances of other templates, by their place), so
// one serves all chunks that define the same template. Bounded: 50,000 steps, elements 64 deep. Private to the EVTX
// reader. MS-EVEN6 2.2.12; libyal's description of the format.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "formats/evtx_values.hpp"

namespace yagura::formats::evtx {

inline constexpr std::size_t kMaxSteps = 50'000;  // of one record, and so of one program

// Finds the names of a chunk, as UTF-16.
class NameSource {
 public:
  virtual ~NameSource() = default;
  virtual Result<std::string_view> name_bytes_at(std::size_t offset) = 0;
  // As text, which lives as long as the chunk is in use, and is the same view each time.
  virtual Result<std::string_view> name_at(std::size_t offset) = 0;
};

struct Program {
  struct Step {
    enum class Kind : std::uint8_t { begin, attribute, end, text, substitution, instance };
    Kind kind = Kind::text;
    bool optional = false;
    std::uint16_t index = 0;  // of a substitution
    std::uint32_t end = 0;    // begin: the step of its end; attribute: behind its value
    std::string_view name;    // begin, attribute
    event::Value value;       // text
    std::uint32_t at = 0;     // instance: where it stands in the chunk
    bool may_repeat = false;  // begin: has a substitution as a child, which may be an array
    // begin: 1: nothing inside but one piece of text; 2: and one attribute, whose value is one literal.
    std::uint8_t leaf = 0;
  };
  // A name in the bytes that were compiled, for is_same().
  struct NameUse {
    std::uint32_t at = 0;        // where its offset stands, from the first byte
    bool is_inline = false;      // it stands right behind that
    std::string_view in_utf16;
  };
  std::vector<Step> steps;
  std::vector<NameUse> names;
  Arena arena;              // texts of the steps, and names when it is kept; else they are the chunk's
  bool of_template = true;  // kept; else gone when it has run
  bool of_chunk = false;    // has an instance: good for its own chunk only
  std::string bytes;        // of a template that is kept
  std::uint32_t number = 0; // of a template that is kept; not used again
};

// Appends to `program` what stands in chunk[begin, end). What it takes is taken from `budget`, in bytes; no more of it is
// an error.
Result<> compile(std::string_view chunk, std::size_t begin, std::size_t end, bool is_template, NameSource& names,
                 std::size_t& budget, Program& program);

// Would compiling chunk[begin, end) as a template give `program`? It must be one that is kept.
bool is_same(const Program& program, std::string_view chunk, std::size_t begin, std::size_t end, NameSource& names);

// The values of a template instance; `values` is cleared first.
struct Instance {
  std::uint32_t definition = 0;  // where its template stands in the chunk
  std::size_t end = 0;           // behind the values
};
// `at` is behind the instance's token, `limit` the end of the fragment.
Result<Instance> read_instance(std::string_view chunk, std::size_t at, std::size_t limit,
                               std::vector<Substitution>& values);

}  // namespace yagura::formats::evtx
