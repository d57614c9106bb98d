// The fields of a Windows event, made from its binary XML as it is read. Private to the EVTX reader;
// docs/formats/evtx.md.
//
// System: an element's text under its name, its attributes as Element_Attribute. EventData: <Data Name="X"> as X,
// unnamed ones as the list Data. UserData: every leaf under its own name. What the body says wins over System, but for
// the fields that say which event it is.
#pragma once
#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "event/record.hpp"
#include "formats/evtx_binxml.hpp"

namespace yagura::formats {

class EvtxFieldMaker : public BinXmlSink {
 public:
  void begin_chunk() { names_.clear(); }
  void begin(Arena& arena);
  void begin_element(std::string_view name) override;
  void attribute(std::string_view name, const event::Value& value, bool of_template) override;
  void text(const event::Value& value, bool of_template) override;
  void end_element() override;
  void leaf(std::string_view name, std::string_view attribute_name, const event::Value& attribute_value,
            const event::Value& value, bool of_template) override;
  // Appends the record; `written` is the FILETIME of the record's header, for events that say no time.
  void finish(event::RecordOrigin origin, std::uint64_t written, event::RecordBatch& out);


  // For plans (evtx_plan.hpp): what there is before finish().
  static constexpr std::size_t kMostFields = 1'024;  // no event has as many; a hostile template could
  enum class Section : std::uint8_t { none, system, event_data, user_data, other };
  struct Name {
    event::FieldId id;
    std::string_view name;            // interned, or in the record's arena
    std::string_view without_blanks;  // "" when it has none
  };
  struct Named {
    Name name;
    event::Value value;
    Section section;
  };
  std::span<const Named> fields() const { return fields_; }
  // The fields of System that say which event it is: computer, channel, number, time.
  static const std::array<event::FieldId, 4>& identity_fields();
  // Gives `record` its identity and time, of the values of those fields (null: has none). `time`: what the fourth
  // says, when that is known without reading it.
  static void identify(const std::array<event::Value, 4>& values, std::optional<std::int64_t> time,
                       std::uint64_t written, std::string& scratch, event::RecordHeader& record);

 private:
  struct Element {
    std::string_view name;
    std::string_view field;  // of <Data>: its Name
    bool field_is_stable = false;
    bool has_children = false;
    bool has_text = false;
    event::Value value;
  };
  // Where a name stands says which it is, as long as the chunk is in use. A table of names by their places.
  class Names {
   public:
    void clear();
    // The slot of the name; its text is empty when it is new.
    Name& at(const char* text, const char* attribute);

   private:
    struct Slot {
      const char* text = nullptr;
      const char* attribute = nullptr;  // of Element_Attribute
      std::uint32_t chunk = 0;          // it is of another one: free
      Name name;
    };
    void grow();
    std::vector<Slot> slots_ = std::vector<Slot>(256);
    std::size_t used_ = 0;
    std::uint32_t chunk_ = 1;
    Name other_;  // for what no longer fits
  };

  Name make_name(std::string_view text);
  Name name_of(std::string_view text, bool is_stable);
  Name joined_name(std::string_view element, std::string_view attribute);
  void add_user_element(std::string_view name);
  void add(const Name& name, const event::Value& value, bool of_template);

  Arena* arena_ = nullptr;
  Section section_ = Section::none;
  std::vector<Element> open_;
  std::vector<Named> fields_;
  Names names_;
  // By field id: in how many sections of this record it is, and which record that was.
  struct Seen {
    std::uint32_t record = 0;
    bool twice = false;
  };
  std::vector<Seen> seen_;
  std::uint32_t record_ = 0;
  std::string scratch_;
};

}  // namespace yagura::formats
