// Binary XML of Windows event logs: MS-EVEN6 section 2.2.12, as it stands in the chunks of EVTX files.
//
// Tokens are compiled once per template into a flat program (evtx_program.hpp); a record then runs the program with its own
// substitution values and calls a sink: begin_element, attribute, text, end_element. Foreign bytes: every offset is
// checked, nesting is bounded (templates inside values inside templates), and what one record may make out of a chunk
// is bounded too. Private to the EVTX reader and its renderers. One thread per BinXml object.
#pragma once
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/arena.hpp"
#include "base/result.hpp"
#include "event/value.hpp"
#include "formats/evtx_program.hpp"

namespace yagura::formats {

// What a record's program calls. Names, and values that are `of_template`, live as long as the chunk is in use (and are
// the very same views in every record of that template); other texts live in the arena given to run().
class BinXmlSink {
 public:
  virtual ~BinXmlSink() = default;
  virtual void begin_element(std::string_view name) = 0;
  virtual void attribute(std::string_view name, const event::Value& value, bool of_template) = 0;
  virtual void text(const event::Value& value, bool of_template) = 0;  // any number of times; pieces belong together
  virtual void end_element() = 0;
  // A whole element with at most one attribute ("" when it has none) and one piece of text (null: none): what the four
  // above would be called with, and how most elements come. `of_template` is said of the attribute's value and the
  // text: of the text only when it has no attribute.
  virtual void leaf(std::string_view name, std::string_view attribute_name, const event::Value& attribute_value,
                    const event::Value& value, bool of_template) {
    begin_element(name);
    if (!attribute_name.empty()) attribute(attribute_name, attribute_value, of_template);
    if (!value.is_null()) text(value, of_template && attribute_name.empty());
    end_element();
  }
};

// The binary XML of one chunk after the other.
class BinXml : private evtx::NameSource {
 public:
  BinXml();
  ~BinXml() override;
  // `chunk` must live as long as it is in use; offsets in it count from its start. Templates
  // that stood in a chunk before are not compiled anew.
  void set_chunk(std::string_view chunk);
  std::string_view chunk() const { return chunk_; }

  // Runs the fragment at [begin, end) of the chunk. An error says at which byte of the chunk it stopped; the sink may
  // have been called before.
  Result<> run(std::size_t begin, std::size_t end, Arena& arena, BinXmlSink& sink);

  // A program with values that stand in the chunk.
  Result<> run(const evtx::Program& program, const std::vector<evtx::Substitution>& values, Arena& arena,
               BinXmlSink& sink);

  // The program of the template that is defined there; good as long as the chunk is in use.
  Result<const evtx::Program*> program_at(std::size_t definition);
  // What the chunk's records may still become; a way round run() counts along.
  std::size_t text_left() const { return text_left_; }
  void spend_text(std::size_t size) { text_left_ -= std::min(text_left_, size); }

 private:
  struct Runner;

  Result<std::string_view> name_bytes_at(std::size_t offset) override;
  Result<std::string_view> name_at(std::size_t offset) override;

  std::string_view chunk_;
  // Of the chunk: by_offset_[definition] - 1 is the template's place in of_chunk_; null there when it is damaged.
  std::vector<std::uint16_t> by_offset_;
  std::vector<std::uint32_t> used_offsets_;
  std::vector<const evtx::Program*> of_chunk_;
  std::vector<std::unique_ptr<evtx::Program>> of_this_chunk_only_;
  // By GUID and size.
  std::unordered_map<std::uint64_t, std::vector<std::unique_ptr<evtx::Program>>> kept_;
  std::unordered_map<std::uint32_t, std::string_view> names_;  // of fragments that are no template's, by offset
  Arena names_arena_;
  evtx::Program spare_;  // its memory, for the next of them
  std::size_t kept_bytes_ = 0;
  std::uint32_t programs_ = 0;
  std::size_t text_left_ = 0;
  std::size_t program_bytes_left_ = 0;
};

}  // namespace yagura::formats
